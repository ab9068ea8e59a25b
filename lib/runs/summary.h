#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "lib/job/run_folder.h"
#include "lib/monitor/fold.h"

namespace fdl::runs {

struct BestValue {
  double value = 0;
  std::int64_t step = 0;
};

// What a run's folder says about it.
struct RunSummary {
  std::filesystem::path path;
  job::RunNotes notes;
  // new, running, done, early stop, out of time, paused (by a sweep), stopped (by a signal), failed
  // or killed
  std::string state = "new";
  std::string message;  // why it failed or stopped early
  std::string started;  // "20260101-120000"
  std::int64_t step = 0, total_steps = 0, epochs = 0;
  double seconds = 0;  // of the work that its records are of, all its starts together
  std::map<std::string, double> last;     // by recorded name
  std::map<std::string, BestValue> best;  // of those whose better way is known
  std::string metric;                     // that its best checkpoints are chosen by, or ""
};

// The state of a run with these records, whose lock is held by a program that works in it, or not.
std::string state_of(const monitor::Status& status, bool is_held);

// Reads what is there; a folder that is damaged gives less.
RunSummary summarize(const std::filesystem::path& run);

// The metric to show for a run: the wanted one, the one its checkpoints are chosen by, val/loss or
// train/loss, whichever it has first.
std::string main_metric(const RunSummary& run, const std::string& wanted);

nlohmann::ordered_json to_json(const RunSummary& run);

}  // namespace fdl::runs
