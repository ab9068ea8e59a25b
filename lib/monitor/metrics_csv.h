#pragma once

#include <filesystem>

#include "lib/base/result.h"

namespace fdl::monitor {

// Writes metrics.csv from events.jsonl: one row per epoch event, a column for every number that
// any of them has. Errors: FDL5001, FDL5002.
Result<void> write_metrics_csv(const std::filesystem::path& events,
                               const std::filesystem::path& csv);

}  // namespace fdl::monitor
