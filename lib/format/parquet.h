#pragma once

#include <filesystem>

#include "lib/base/result.h"
#include "lib/format/table.h"

namespace fdl::format {

// A Parquet file as a table, whole in memory: numbers, booleans as 0 and 1, texts, and lists of
// numbers. Errors: FDL5101 when there is no such file; FDL5102 where it is damaged, or has a column
// of another type; FDL5001, also where this program was built without Apache Arrow.
Result<Table> open_parquet(const std::filesystem::path& path);

}  // namespace fdl::format
