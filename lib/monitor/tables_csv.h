#pragma once

#include <filesystem>

#include "lib/base/result.h"

namespace fdl::monitor {

// Writes the last of each table that events.jsonl holds, such as a confusion matrix, to a file of
// its own in the run's folder `tables`, which is made when there is one. Errors: FDL5002.
Result<void> write_tables_csv(const std::filesystem::path& events,
                              const std::filesystem::path& run);

}  // namespace fdl::monitor
