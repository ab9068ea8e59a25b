#pragma once

#include <filesystem>
#include <fstream>

#include "lib/base/files.h"
#include "lib/monitor/event.h"
#include "tests/temporary_folder.h"

namespace fdl::testing {

// A run's folder, as `fdl run` leaves it: small, of a model that can be drawn.
inline std::filesystem::path make_run(const std::filesystem::path& folder, const std::string& id,
                                      const std::string& rate = "0.01") {
  const std::filesystem::path run = folder / id;
  REQUIRE(make_folders(run).has_value());
  const auto write = [&](const char* name, const std::string& text) {
    REQUIRE(write_atomic(run / name, text).has_value());
  };
  write("manifest.yml",
        "model:\n  inputs:\n    x: \"f32[4]\"  # fdl.yml:3\n  flow:\n    - linear: 2  # fdl.yml:5\n"
        "training:\n  epochs: 1  # fdl.yml:7\n  optimizer:\n    sgd:\n      lr: " +
            rate + "  # --set\n");
  write("environment.json",
        "{\"project\": \"" + folder.string() + "\", \"started\": \"20260101-120000\"}");
  write("plan.json",
        R"({"num_parameters": 10, "graph_hash": "abc", "recorded": {"val/loss": "min"}})");
  return run;
}

inline void record(const std::filesystem::path& run, const monitor::Event& event) {
  std::ofstream(run / "events.jsonl", std::ios::binary | std::ios::app)
      << to_json_line(event) << "\n";
}

inline monitor::Event start_event() {
  return {"start", 0.5, {{"total_steps", 100}, {"epochs", 1}}, {}};
}

inline monitor::Event epoch_event(double step, double loss) {
  return {"epoch", step, {{"epoch", 1}, {"step", step}, {"val/loss", loss}}, {}};
}

}  // namespace fdl::testing
