#pragma once

#include <string>
#include <vector>

namespace fdl::commands {

// Rows of cells in columns two spaces apart. Columns whose cells below the first row are all
// numbers, or empty, stand to the right.
std::string aligned_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace fdl::commands
