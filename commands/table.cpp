#include "commands/table.h"

#include <algorithm>

#include <fmt/format.h>

#include "lib/config/number.h"

namespace fdl::commands {
namespace {

struct Column {
  std::size_t width = 0;
  bool is_numeric = true;
};

}  // namespace

std::string aligned_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<Column> columns;
  for (const auto& row : rows) {
    columns.resize(std::max(columns.size(), row.size()));
    for (std::size_t c = 0; c < row.size(); ++c) {
      columns[c].width = std::max(columns[c].width, row[c].size());
      const bool is_number = row[c].empty() || config::parse_number(row[c]).has_value();
      if (&row != &rows.front() && !is_number) columns[c].is_numeric = false;
    }
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c > 0) line += "  ";
      line += columns[c].is_numeric ? fmt::format("{:>{}}", row[c], columns[c].width)
                                    : fmt::format("{:<{}}", row[c], columns[c].width);
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    out += line + "\n";
  }
  return out;
}

}  // namespace fdl::commands
