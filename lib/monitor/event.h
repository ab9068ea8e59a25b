#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

// One line of events.jsonl, written by the engine, read by `fdl`. Keys "event" and "time_s" stand
// in each; the rest depends on the kind:
//   start      {"run", "pid", "threads", "torch", "epochs", "steps_per_epoch", "total_steps",
//   "resumed_from_step"}
//   load       {"path", "from", "files": "name bytes sha256, ...", "num_loaded", "num_missing",
//   "num_unexpected", "num_mismatched", the names under "missing", ..., "summary"}
//   progress   {"epoch", "step", "total_steps", "train/loss",
//   "train/accuracy", "lr", "samples_per_s", "eta_s"}: after the first step of each start, then at
//   most twice a second
//   steps      {"step", "from_s", "steps": [...], "loss": [...], "lr": [...], "step_ms": [...],
//   "grad_norm": [...] (where gradients are clipped)}: of single steps, those since the last one;
//   where they are too many for a record, the least and the greatest losses of them
//   resources  {"step", "cpu_percent", "ram_bytes", "ram_total_bytes", "rss_bytes",
//   "gpu0_percent", "gpu0_memory_bytes", ...}: of the machine and of the engine
//   epoch      {"epoch", "step", "train_seconds", "num_steps", "lr" (of the last update),
//   "step_ms_p50", "step_ms_p95", "step_ms_p99", "data_wait_percent" (of the epoch's steps in this
//   start; see step_figures.h), "train/loss", "val/loss", ...}
//   checkpoint {"step", "path", "seconds" (to write), "stall_seconds" (that steps waited),
//   "is_best"}
//   eval       {"split", "num_samples", "test/loss", "test/accuracy", ...}
//   observe    {"step", "observe/encoder.grad_norm", ...}
//   notice     {"step", "text"}: something about one step, such as why it was left out
//   end        {"reason": "done|early_stop|max_time|paused|interrupted|terminated|failed", "step",
//   "seconds", "message"}
//   lr_find    {"suggestion", "lowest_lr", "num_steps"}
// A table stands under its metric's name: {"labels": ["0", "1"], "rows": [[3, 1], [0, 4]]}.
namespace fdl::monitor {

// Square, with the same labels for its rows (targets) and columns (answers).
struct Table {
  std::vector<std::string> labels;
  std::vector<std::vector<double>> rows;

  friend bool operator==(const Table&, const Table&) = default;
};

// What was measured, by name: "val/accuracy".
struct Measures {
  std::map<std::string, double> numbers;
  std::map<std::string, Table> tables;

  void add(const Measures& other);
};

struct Event {
  std::string kind;
  double time_s = 0;  // since the start of the process that wrote it
  std::map<std::string, double> numbers;
  std::map<std::string, std::string> texts;
  std::map<std::string, Table> tables = {};
  std::map<std::string, std::vector<double>> series = {};

  void add(const Measures& measures);
  std::optional<double> number(const std::string& key) const;
  std::string text(const std::string& key) const;  // "" when absent
};

// One line without its newline. Numbers that are not finite are written as strings.
std::string to_json_line(const Event& event);

// A number as JSON: what is not finite as "nan", "inf" or "-inf".
nlohmann::ordered_json number_json(double value);

// Empty for a line that is not a whole event (cut off by a crash).
std::optional<Event> parse_event(std::string_view line);

}  // namespace fdl::monitor
