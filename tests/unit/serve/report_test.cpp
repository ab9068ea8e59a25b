#include "lib/runs/report.h"

#include <random>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/serve/made_run.h"

namespace fdl::runs {

TEST_CASE("the report of 10,000 steps stays below 2 MiB, and has them all") {
  const testing::TemporaryFolder folder;
  const auto run = testing::make_run(folder.path(), "a");
  std::mt19937 random(1);
  std::uniform_real_distribution<double> any(0.1, 9);
  const auto seven_digits = [&] { return std::round(any(random) * 1e6) / 1e6; };
  testing::record(run, testing::start_event());
  for (int step = 0; step < 10'000;) {
    monitor::Event steps{"steps", step / 100.0 + 1, {{"from_s", step / 100.0}}, {}};
    for (int i = 0; i < 100; ++i) {
      steps.series["steps"].push_back(++step);
      for (const char* name : {"loss", "lr", "step_ms", "grad_norm"})
        steps.series[name].push_back(seven_digits());
    }
    steps.numbers["step"] = step;
    testing::record(run, steps);
    monitor::Event resources{"resources", step / 100.0, {{"step", step}}, {}};
    for (const char* name : {"cpu_percent", "ram_bytes", "rss_bytes"})
      resources.numbers[name] = std::round(any(random) * 1e9);
    testing::record(run, resources);
    monitor::Event epoch = testing::epoch_event(step, seven_digits());
    for (int k = 0; k < 10; ++k) epoch.numbers[fmt::format("val/metric_{}", k)] = seven_digits();
    testing::record(run, epoch);
  }
  REQUIRE(write_report(run).has_value());
  const std::string page = testing::bytes_of(run / "report.html");
  CHECK(page.size() < 2 << 20);
  const std::string_view mark = "id=\"fdl-data\">";
  const std::size_t begin = page.find(mark) + mark.size();
  const auto data =
      nlohmann::json::parse(page.substr(begin, page.find("</script>", begin) - begin));
  const auto& series = data["documents"]["a"]["series"];
  CHECK(series["val/metric_3"]["value"].size() == 100);
  CHECK(series["loss"]["value"].size() == 10'000);
  CHECK(series["loss"]["step"].back() == 10'000);
}

}  // namespace fdl::runs
