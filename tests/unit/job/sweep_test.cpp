#include "lib/job/sweep.h"

#include <set>

#include <doctest/doctest.h>

#include "tests/unit/job/job_text.h"

namespace fdl::job {
namespace {

using testing::check_text;
using testing::codes;
using testing::kData;
using testing::kModel;
using testing::kTraining;
using Codes = std::vector<std::string>;

testing::CheckedText with_sweep(const std::string& keys) {
  return check_text(kModel + kData + kTraining + "sweep: {" + keys + "}\n");
}
std::vector<SweepPoint> points_of(const std::string& keys) {
  const auto out = with_sweep(keys);
  CAPTURE(to_text(out.problems, false));
  REQUIRE(out.problems.empty());
  return sweep_points(*out.checked.sweep);
}

const std::string kMetric = ", metric: train/loss";

}  // namespace

TEST_CASE("a grid has every combination, the last key moving fastest") {
  const auto points = points_of(
      "over: {training.seed: [1, 2], training.optimizer.sgd.lr: {log: [1e-4, 1e-2], n: 3}}" +
      kMetric);
  REQUIRE(points.size() == 6);
  CHECK(points[0] == SweepPoint{"training.seed=1", "training.optimizer.sgd.lr=0.0001"});
  CHECK(points[1] == SweepPoint{"training.seed=1", "training.optimizer.sgd.lr=0.001"});
  CHECK(points[2] == SweepPoint{"training.seed=1", "training.optimizer.sgd.lr=0.01"});
  CHECK(points[5] == SweepPoint{"training.seed=2", "training.optimizer.sgd.lr=0.01"});
  const auto whole =
      points_of("over: {training.batch_size: {linear: [10, 15], n: 3, integer: true}}" + kMetric);
  CHECK(whole == std::vector<SweepPoint>{{"training.batch_size=10"},
                                         {"training.batch_size=13"},
                                         {"training.batch_size=15"}});
}

TEST_CASE("lists may hold maps, which are values of their own") {
  const auto points = points_of("over: {training.optimizer: [{sgd: {lr: 0.5}}, adam]}" + kMetric);
  CHECK(points == std::vector<SweepPoint>{{"training.optimizer={\"sgd\":{\"lr\":0.5}}"},
                                          {"training.optimizer=adam"}});
}

TEST_CASE("random and sobol points lie in their ranges, follow from the seed and differ") {
  for (const char* method : {"random", "sobol", "halving"}) {
    CAPTURE(method);
    const std::string keys = std::string("method: ") + method +
                             ", n: 20, over: {training.optimizer.sgd.lr: {log: [1e-4, 1]}, "
                             "training.seed: [1, 2, 3]}" +
                             kMetric;
    const auto points = points_of(keys);
    CHECK(points.size() == 20);
    CHECK(std::set<SweepPoint>(points.begin(), points.end()).size() == points.size());
    CHECK(points == points_of(keys));
    CHECK(points != points_of("seed: 1, " + keys));
    int low = 0;
    for (const SweepPoint& point : points) {
      const double lr = std::stod(point[0].substr(point[0].find('=') + 1));
      CHECK(lr >= 1e-4);
      CHECK(lr <= 1);
      low += lr < 1e-2 ? 1 : 0;
    }
    CHECK(low >= 5);  // of the lower half of the logarithm
    CHECK(low <= 15);
  }
}

TEST_CASE("halving compares points at growing shares of the steps") {
  const auto out =
      with_sweep("method: halving, n: 9, over: {training.seed: {linear: [1, 99]}}" + kMetric);
  const Sweep& sweep = *out.checked.sweep;
  const auto rungs = sweep_rungs(sweep);
  REQUIRE(rungs.size() == 3);
  CHECK(rungs[0] == doctest::Approx(1.0 / 9));
  CHECK(rungs[1] == doctest::Approx(1.0 / 3));
  CHECK(rungs[2] == 1);
  CHECK(num_promoted(sweep, 9) == 3);
  CHECK(num_promoted(sweep, 3) == 1);
  CHECK(num_promoted(sweep, 2) == 1);
  const auto grid = with_sweep("over: {training.seed: [1, 2]}" + kMetric);
  CHECK(sweep_rungs(*grid.checked.sweep) == std::vector<double>{1});
}

TEST_CASE("a sweep that cannot be run is told with its place") {
  const auto bad = [](const std::string& keys) { return codes(with_sweep(keys).problems); };
  const std::string axis = "over: {training.seed: [1]}";
  CHECK(bad(axis) == Codes{"FDL2004"});
  CHECK(bad("metric: train/loss") == Codes{"FDL2004"});
  CHECK(bad(axis + ", metric: val/f1") == Codes{"FDL4009"});
  CHECK(bad(axis + ", method: random" + kMetric) == Codes{"FDL4060"});
  CHECK(bad("over: {}" + kMetric) == Codes{"FDL2002"});
  CHECK(bad("over: {learning_rate: [1]}" + kMetric) == Codes{"FDL4060"});
  for (const char* values : {"3", "[]", "{log: [1, 2], linear: [1, 2], n: 2}", "{n: 3}",
                             "{log: [0, 1], n: 2}", "{linear: [2, 1], n: 2}", "{log: [1, 2]}"}) {
    CAPTURE(values);
    CHECK(bad(std::string("over: {training.seed: ") + values + "}" + kMetric) == Codes{"FDL4060"});
  }
  CHECK(bad("over: {training.seed: {linear: [1, 99], n: 20000}}" + kMetric) == Codes{"FDL4060"});
}

}  // namespace fdl::job
