#include <fstream>
#include <limits>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "commands/bench/document.h"
#include "commands/bench/energy.h"
#include "commands/bench/same.h"
#include "commands/bench/statistics.h"
#include "commands/bench/table_of_rows.h"
#include "tests/temporary_folder.h"

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

TEST_CASE("medians and spreads") {
  CHECK(median({3, 1, 2}) == 2);
  CHECK(median({4, 1, 2, 3}) == 2.5);
  CHECK(spread({1, 2, 3, 4, 100}) == 1.4826);  // one slow round does not show
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
  CHECK(to_table(now).find("256  torch") != std::string::npos);
  CHECK(to_page(now).find("<svg") != std::string::npos);
  CHECK(!speed_of(now.jobs.front(), "torch-fused").has_value());
}

TEST_CASE("quantiles of steps stand in the table of an arm that has them") {
  Report told = report(2);
  CHECK(to_table(told).find("p99") == std::string::npos);
  CHECK(to_table(told).find("energy") == std::string::npos);
  CHECK(to_table(told).find("data wait") == std::string::npos);
  for (Figures& run : told.jobs.front().runs) {
    if (run.arm != kOwnArm) continue;
    run.step_ms_p50 = {90, 2};
    run.step_ms_p95 = {90, 2.5};
    run.step_ms_p99 = {90, 3};
    run.data_wait_percent = {40, 0.25};
    run.energy_j = 40;
  }
  const auto rows = to_rows(told);
  const auto column = [&](const std::string& title) {
    return std::find(rows[0].begin(), rows[0].end(), title) - rows[0].begin();
  };
  const auto cell = [&](int row, const std::string& title) {
    return rows[static_cast<std::size_t>(row)][static_cast<std::size_t>(column(title))];
  };
  REQUIRE(rows.size() == 3);
  CHECK(cell(1, "p95 ms") == "2.500");
  CHECK(cell(1, "p99/p50") == "1.50");
  CHECK(cell(1, "energy J") == "40");
  CHECK(cell(1, "data wait %") == "0.25");  // the first epoch warms up
  CHECK(cell(2, "data wait %").empty());
  CHECK(to_page(told).find("data wait %") != std::string::npos);
  CHECK(cell(2, "p99/p50").empty());
  CHECK(cell(1, "batch") == "256");
  told.jobs.front().batch_size = 16;
  CHECK(to_rows(told)[1][1] == "16 of 256");
}

TEST_CASE("losses are compared by the largest relative difference") {
  const std::vector<double> peer(20, 2.0);
  std::vector<double> own = peer;
  CHECK(difference_of(own, peer).apart == 0);
  own[18] = 2.002;
  CHECK(difference_of(own, peer).apart == doctest::Approx(1e-3));
  CHECK(difference_of(own, peer).is_too_large());
  own[3] = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isinf(difference_of(own, peer).apart));
  CHECK(std::isinf(difference_of(std::vector<double>(19, 2.0), peer).apart));
}

TEST_CASE("losses may lie apart what f32 has rounded away by then, and no earlier") {
  const std::vector<double> peer(20, 2.0);
  std::vector<double> own = peer, other = peer, exact = peer;
  other[10] = 2.002;  // 1e-3 away
  const std::vector<double> rounded = rounded_away({peer, other}, exact);
  CHECK(rounded[9] == 0);
  CHECK(rounded[19] == doctest::Approx(1e-3));
  own[15] = 2.004;
  const Difference late = difference_of(own, peer, rounded);
  CHECK(late.apart == doctest::Approx(2e-3));
  CHECK(late.allowed == doctest::Approx(3e-3).epsilon(0.01));
  CHECK(!late.is_too_large());
  own[5] = 2.001;  // before f32 rounded anything away
  CHECK(difference_of(own, peer, rounded).is_too_large());
  CHECK(difference_of(own, peer, rounded).apart == doctest::Approx(5e-4));
  own[5] = 2;
  own[15] = 2.008;
  CHECK(difference_of(own, peer, rounded).is_too_large());
  exact[10] = std::numeric_limits<double>::quiet_NaN();  // tells nothing
  own[15] = 2.004;
  CHECK(difference_of(own, peer, rounded_away({peer, other}, exact)).is_too_large());
}

TEST_CASE("a row whose losses lie apart is void, and no ratio or check passes over that") {
  Report told = report(2);
  JobReport& job = told.jobs.front();
  const nlohmann::json former = to_json(told);
  job.differences = {{kBaseline, {0.9e-4}}};
  CHECK(speed_of(job, kOwnArm).has_value());
  CHECK(slower_than(told, former).empty());
  job.differences = {{kBaseline, {1.1e-4}}};
  CHECK(!speed_of(job, kOwnArm).has_value());
  CHECK(to_table(told).find("void") != std::string::npos);
  REQUIRE(slower_than(told, former).size() == 1);
  CHECK(slower_than(told, former).front() == "mlp: void: losses lie 1e-04 apart");
  CHECK(to_table(told).find("allowed") == std::string::npos);
  job.differences = {{kBaseline, {1.1e-4, 2e-4}}};
  CHECK(speed_of(job, kOwnArm).has_value());
  CHECK(slower_than(told, former).empty());
  CHECK(to_table(told).find("allowed") != std::string::npos);
}

TEST_CASE("a report reads back from its JSON") {
  Report told = report(2);
  told.date = "2026-01-01T12:00:00Z";
  told.machine = {{"cpu", "one"}};
  told.command = "fdl bench mlp --rounds 5";
  JobReport& job = told.jobs.front();
  job.differences = {{kBaseline, {std::numeric_limits<double>::infinity()}},
                     {"torch-fused", {2e-3, 3e-3}}};
  job.runs.front().energy_j = 3;
  job.runs.front().peak_gpu_mib = 5;
  job.runs.front().step_ms_p50 = job.runs.front().step_ms_p95 = job.runs.front().step_ms_p99 =
      job.runs.front().data_wait_percent = {1, 2};
  const nlohmann::json written = nlohmann::json::parse(to_json(told).dump());
  const Result<Report> back = from_json(written, "a.json");
  REQUIRE(back.has_value());
  CHECK(to_json(*back).dump() == to_json(told).dump());
  CHECK(back->command == told.command);
  CHECK(back->jobs.front().is_void(kBaseline));
  CHECK(!back->jobs.front().is_void("torch-fused"));
  CHECK(!from_json(nlohmann::json::object(), "a.json").has_value());
  nlohmann::json other = written;
  other["jobs"][0]["job"] = "mpl";
  const Result<Report> refused = from_json(other, "a.json");
  REQUIRE(!refused.has_value());
  CHECK(refused.error().message ==
        "'a.json' is no report of `fdl bench --out`: there is no job 'mpl'");
}

TEST_CASE("a report keeps the line that measures it again, as a shell takes it") {
  CHECK(command_line({"mlp", "--peers", "torch,torch-tuned", "--data", "my data"},
                     {{"HOME", "/home"}, {"ATEN_CPU_CAPABILITY", "avx2"}}) ==
        "ATEN_CPU_CAPABILITY=avx2 fdl bench mlp --peers torch,torch-tuned --data 'my data'");
  CHECK(command_line({}, {}) == "fdl bench");
}

TEST_CASE("the page says what was measured, beside what was claimed, and where the sides differ") {
  Report told = report(2);
  told.date = "2026-01-01T12:00:00Z";
  told.command = "fdl bench charl_mlp --rounds 5";
  told.jobs.front().job = find_job("charl_mlp");
  for (Figures& run : told.jobs.front().runs) run.num_steps = {32, 32};
  const std::string readme =
      "# bench\n\n## Arms\n\nA\n\n## What the figures mean\n\nF\n\n"
      "## Where the two sides differ\n\nD\n";
  const Result<std::string> page = to_document({{"one", told}}, readme);
  REQUIRE(page.has_value());
  for (const char* text :
       {"Every table here is of a CPU", "## one, 2026-01-01",
        "\n    fdl bench charl_mlp --rounds 5\n", "| Charl, as it has published | 12064 |",
        // 1000 samples in 32 steps of 36.6 ms: the middle round
        "| `torch`, measured (one) | 854 |", "\n## Where the two sides differ\n\nD\n"}) {
    CAPTURE(text);
    CHECK(page->find(text) != std::string::npos);
  }
  CHECK(to_page(told).find("fdl bench charl_mlp --rounds 5") != std::string::npos);
  CHECK(!to_document({{"one", told}}, "# bench\n").has_value());
  Report of_gpu = told;
  of_gpu.machine["gpu"] = "a GPU";
  const Result<std::string> both = to_document({{"one", told}, {"two", of_gpu}}, readme);
  REQUIRE(both.has_value());
  CHECK(both->find("Figures of a GPU are those of `two`;") != std::string::npos);
}

TEST_CASE("energy is that of whole processors, whose counters begin anew at their end") {
  const testing::TemporaryFolder folder;
  const auto set = [&](const std::string& counter, const std::string& file, double value) {
    std::filesystem::create_directories(folder.path() / counter);
    std::ofstream(folder.path() / counter / file) << static_cast<long long>(value);
  };
  CHECK(!EnergyMeter(folder.path() / "gone").joules().has_value());
  CHECK(!EnergyMeter(folder.path()).joules().has_value());
  set("intel-rapl:0", "energy_uj", 5e6);
  set("intel-rapl:0", "max_energy_range_uj", 9e6);
  set("intel-rapl:1", "energy_uj", 1e6);
  set("intel-rapl:0:0", "energy_uj", 1e6);  // a part of the first
  const EnergyMeter meter(folder.path());
  set("intel-rapl:0", "energy_uj", 1e6);
  set("intel-rapl:1", "energy_uj", 3e6);
  set("intel-rapl:0:0", "energy_uj", 8e6);
  REQUIRE(meter.joules().has_value());
  CHECK(*meter.joules() == doctest::Approx(5 + 2));
}

TEST_CASE("the table of rows is the same each time, and made once") {
  const testing::TemporaryFolder folder;
  const auto first = folder.path() / "a/rows.csv", second = folder.path() / "rows.csv";
  REQUIRE(write_table_of_rows(first).has_value());
  REQUIRE(write_table_of_rows(second).has_value());
  const std::string text = testing::bytes_of(first);
  CHECK(text == testing::bytes_of(second));
  CHECK(std::count(text.begin(), text.end(), '\n') == 100'001);
  CHECK(text.starts_with("n0,n1,n2,"));
  for (const char* label : {",low\n", ",middle\n", ",high\n", ",top\n"})
    CHECK(text.find(label) != std::string::npos);
  std::ofstream(second) << "mine";
  REQUIRE(write_table_of_rows(second).has_value());
  CHECK(testing::bytes_of(second) == "mine");
}

}  // namespace fdl::commands::bench
