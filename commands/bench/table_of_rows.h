#pragma once

#include <filesystem>

#include "lib/base/result.h"

namespace fdl::commands::bench {

// The table of `tabular_mlp`: 100,000 rows of whole and broken numbers, a word, and a class that
// depends on some of them. Each time the same; a file that is there already is left as it is.
// Errors: FDL5002.
Result<void> write_table_of_rows(const std::filesystem::path& file);

}  // namespace fdl::commands::bench
