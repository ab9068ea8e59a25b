#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "commands/bench/report.h"
#include "commands/bench/statistics.h"

namespace fdl::commands::bench {
namespace {

Figures figures(const std::string& arm, std::int64_t round, double step_ms) {
  Figures out;
  out.arm = arm;
  out.round = round;
  out.step_ms = {9 * step_ms, step_ms};  // the first epoch warms up
  out.num_steps = {50, 50};
  return out;
}

// fdl so many times as fast as the baseline, in rounds of growing slowness of the machine.
Report report(double times) {
  JobReport job{find_job("mlp"), 2, 256, {kOwnArm, kBaseline}, {}};
  for (int round = 0; round < 5; ++round) {
    const double slowness = 1 + round;
    job.runs.push_back(figures(kBaseline, round, slowness * (12 + 0.1 * round)));
    job.runs.push_back(figures(kOwnArm, round, slowness * 12 / times));
  }
  Report out;
  out.jobs = {job};
  return out;
}

}  // namespace

TEST_CASE("medians, spreads and quantiles") {
  CHECK(median({3, 1, 2}) == 2);
  CHECK(median({4, 1, 2, 3}) == 2.5);
  CHECK(spread({1, 2, 3, 4, 100}) == 1.4826);  // one slow round does not show
  CHECK(quantile({0, 10}, 0.25) == 2.5);
  CHECK(quantile({7}, 0.9) == 7);
}

TEST_CASE("a ratio's interval holds it, is the same each time, and is none of the machine's mood") {
  const std::vector<double> above = {10, 21, 29, 40, 52}, below = {5, 10, 15, 20, 25};
  const auto [low, high] = ratio_interval(above, below);
  CHECK(low <= 2);
  CHECK(high >= 2);
  CHECK(low > 1.8);  // rounds are drawn whole
  CHECK(high < 2.2);
  CHECK(ratio_interval(above, below) == std::pair(low, high));
}

TEST_CASE("a report says how often faster, and what got slower") {
  const Report now = report(2);
  const auto speed = speed_of(now.jobs.front(), kOwnArm);
  REQUIRE(speed.has_value());
  CHECK(speed->ratio == doctest::Approx(2).epsilon(0.05));
  const nlohmann::json alike = to_json(report(2.1)), faster = to_json(report(3));
  CHECK(slower_than(now, alike).empty());
  REQUIRE(slower_than(now, faster).size() == 1);
  CHECK(slower_than(now, faster).front().starts_with("mlp: 2."));
  CHECK(slower_than(now, nlohmann::json::object()).empty());
  CHECK(to_table(now).find("mlp  torch") != std::string::npos);
  CHECK(to_page(now).find("<svg") != std::string::npos);
  CHECK(!speed_of(now.jobs.front(), "torch-fused").has_value());
}

}  // namespace fdl::commands::bench
