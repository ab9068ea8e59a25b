#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/format/table.h"

namespace fdl::format {

// The records of a table whose file is no text, column by column.
class MemoryRecords {
 public:
  void add_column(std::string name);
  void add_missing(std::size_t column);
  void add_number(std::size_t column, double number);
  void add_text(std::size_t column, std::string_view text);
  void add_list(std::size_t column, const double* numbers, std::size_t count);

  const std::vector<std::string>& names() const { return names_; }
  std::int64_t num_records() const;
  // Record `row`; as its text, for messages, a line of JSON.
  void fill(std::int64_t row, Record& out) const;

 private:
  struct Column {
    std::vector<Cell::Kind> kinds;
    std::vector<std::size_t> places;  // among the numbers, texts or ends of lists
    std::vector<double> numbers;
    std::vector<std::string> texts;
    std::vector<std::size_t> ends = {0};  // of lists among all their numbers
    std::vector<double> listed;
  };
  std::vector<std::string> names_;
  std::vector<Column> columns_;
};

}  // namespace fdl::format
