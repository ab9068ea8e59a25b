#pragma once

#include <filesystem>

#include "lib/base/result.h"

namespace fdl::monitor {

// timeline.json, timeline.csv and timeline.html in the run's folder: what the machine was busy
// with, and what happened, by milliseconds since the run's first start, all starts one after
// another. Nothing is written of a run without such records. Errors: FDL5002.
//   json  {"samples": [{"t", "cpu", "ram": [used, total], "rss", "gpus": [{"d", "u", "vu",
//   "vt"}]}],
//         "events": [{"t", "k": "start|epoch_end|eval|checkpoint|notice|load|end", ...}]}
//   csv   elapsed_ms, cpu, ram_used, ram_total, rss, then of each GPU its util, used and total
//   html  the samples as curves over time, and the events as a table; it loads nothing
// Units: percent and bytes; what was not measured is absent, never 0.
Result<void> write_timeline(const std::filesystem::path& events, const std::filesystem::path& run);

}  // namespace fdl::monitor
