#include "lib/data/sampling.h"

#include <algorithm>
#include <map>
#include <numeric>

#include <doctest/doctest.h>

#include "tests/unit/data/fixture.h"

namespace fdl::data {
namespace {

using Numbers = std::vector<std::int64_t>;

bool is_permutation(Numbers order) {
  Numbers all(order.size());
  std::iota(all.begin(), all.end(), 0);
  std::sort(order.begin(), order.end());
  return order == all;
}

// 700 of class 0, 250 of class 1 and 50 of class 2.
Numbers uneven_classes() {
  Numbers out(1000, 0);
  std::fill(out.begin() + 700, out.begin() + 950, 1);
  std::fill(out.begin() + 950, out.end(), 2);
  return out;
}

std::string job_text(const std::string& loader) {
  return "{train: {synthetic: {kind: classification, samples: 64, classes: 3}}, loader: {" +
         loader + "}}";
}

}  // namespace

TEST_CASE("orders of samplers follow from seed and epoch alone") {
  const Numbers classes = uneven_classes();
  const std::vector<double> weights(1000, 1.0);
  const auto orders = [&](std::uint64_t seed, std::int64_t epoch) {
    return std::vector<Numbers>{weighted(weights, seed, epoch), stratified(classes, seed, epoch),
                                bucketed(classes, {8, 4}, seed, epoch)};
  };
  const auto first = orders(1, 0), again = orders(1, 0), next = orders(1, 1), other = orders(2, 0);
  CHECK(first == again);
  for (std::size_t i = 0; i < first.size(); ++i) {
    CHECK(first[i] != next[i]);
    CHECK(first[i] != other[i]);
  }
}

TEST_CASE("weights say how often a sample is drawn") {
  const std::vector<double> weights = {1, 0, 3, 6, 0};
  std::map<std::int64_t, double> counts;
  for (std::int64_t epoch = 0; epoch < 4000; ++epoch) {
    const Numbers order = weighted(weights, 7, epoch);
    REQUIRE(order.size() == 5);
    for (const std::int64_t one : order) ++counts[one];
  }
  // 20,000 draws: five standard deviations are below 0.018.
  CHECK(counts.count(1) == 0);
  CHECK(counts.count(4) == 0);
  CHECK(counts[0] / 20000 == doctest::Approx(0.1).epsilon(0.18));
  CHECK(counts[2] / 20000 == doctest::Approx(0.3).epsilon(0.06));
  CHECK(counts[3] / 20000 == doctest::Approx(0.6).epsilon(0.03));
}

TEST_CASE("a stratified order has each sample once and in every batch its share of each class") {
  const Numbers classes = uneven_classes();
  for (std::int64_t epoch = 0; epoch < 20; ++epoch) {
    const Numbers order = stratified(classes, 3, epoch);
    CHECK(is_permutation(order));
    for (std::size_t from = 0; from < 1000; from += 100) {
      std::map<std::int64_t, int> counts;
      for (std::size_t i = from; i < from + 100; ++i)
        ++counts[classes[static_cast<std::size_t>(order[i])]];
      CHECK(std::abs(counts[0] - 70) <= 2);
      CHECK(std::abs(counts[1] - 25) <= 2);
      CHECK(std::abs(counts[2] - 5) <= 2);
    }
  }
  CHECK(stratified({}, 1, 0).empty());
}

TEST_CASE("a bucketed order has each sample once, and little padding") {
  Numbers lengths(1003);
  for (std::size_t i = 0; i < lengths.size(); ++i)
    lengths[i] = static_cast<std::int64_t>(i * 7919 % 97) + 1;
  const auto padding = [&](const Numbers& order) {
    std::int64_t out = 0;
    for (std::size_t from = 0; from < order.size(); from += 10) {
      const std::size_t end = std::min(from + 10, order.size());
      std::int64_t longest = 0, sum = 0;
      for (std::size_t i = from; i < end; ++i) {
        const std::int64_t own = lengths[static_cast<std::size_t>(order[i])];
        longest = std::max(longest, own);
        sum += own;
      }
      out += longest * static_cast<std::int64_t>(end - from) - sum;
    }
    return out;
  };
  const Numbers order = bucketed(lengths, {10, 50}, 5, 2);
  CHECK(is_permutation(order));
  const std::int64_t random = padding(bucketed(lengths, {10, 1}, 5, 2));
  CHECK(padding(order) * 10 < random);
  CHECK(is_permutation(bucketed(lengths, {2000, 3}, 5, 2)));
  CHECK(is_permutation(bucketed(lengths, {10, 1'000'000'000'000'000'000}, 5, 2)));
  CHECK(bucketed({}, {10, 50}, 1, 0).empty());
}

TEST_CASE("batches of a sampler are the same for any number of workers, and from any place") {
  for (const char* sampler : {"weighted", "stratified"}) {
    const auto checked =
        testing::check_job("model: { inputs: { x: \"f32[3]\" }, flow: [{ linear: 3 }] }\ndata: " +
                           job_text(std::string("sampler: ") + sampler) +
                           "\ntraining: { epochs: 1, loss: cross_entropy, optimizer: adam }\n");
    const Dataset dataset = testing::open_split(checked, "train");
    REQUIRE(dataset.sampling != nullptr);
    LoaderSpec spec;
    spec.batch_size = 7;
    spec.shuffle = true;
    spec.seed = 4;
    spec.num_epochs = 3;
    const auto drain = [&](std::int64_t workers, Position start) {
      spec.workers = workers;
      Loader loader(dataset, field_transforms(checked.job, dataset, true), spec, start);
      std::vector<at::Tensor> out;
      while (const Batch* batch = loader.next().value())
        out.push_back(batch->fields.front().clone());
      return out;
    };
    const auto plain = drain(0, {});
    REQUIRE(plain.size() == 30);
    for (const std::int64_t workers : {1, 4}) {
      const auto other = drain(workers, {});
      REQUIRE(other.size() == plain.size());
      for (std::size_t i = 0; i < plain.size(); ++i) CHECK(plain[i].equal(other[i]));
    }
    const auto rest = drain(2, {1, 3});
    REQUIRE(rest.size() == 17);
    for (std::size_t i = 0; i < rest.size(); ++i) CHECK(rest[i].equal(plain[13 + i]));
  }
}

TEST_CASE("a limit ends an epoch early") {
  const Dataset dataset = testing::counting_dataset(10);
  LoaderSpec spec;
  spec.batch_size = 3;
  spec.num_epochs = 2;
  spec.limit.batches = 2;
  CHECK(batches_per_epoch(10, spec) == 2);
  CHECK(samples_per_epoch(10, spec) == 6);
  Loader loader(dataset, field_transforms(job::Job(), dataset, true), spec);
  int count = 0;
  while (const Batch* batch = loader.next().value()) {
    CHECK(batch->position.epoch == count / 2);
    ++count;
  }
  CHECK(count == 4);
  spec.limit = {};
  CHECK(samples_per_epoch(10, spec) == 10);
}

}  // namespace fdl::data
