#include "lib/format/memory_records.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/format/json_text.h"

namespace fdl::format {

void MemoryRecords::add_column(std::string name) {
  names_.push_back(std::move(name));
  columns_.emplace_back();
}

void MemoryRecords::add_missing(std::size_t column) {
  columns_[column].kinds.push_back(Cell::Kind::Missing);
  columns_[column].places.push_back(0);
}

void MemoryRecords::add_number(std::size_t column, double number) {
  Column& own = columns_[column];
  own.kinds.push_back(Cell::Kind::Number);
  own.places.push_back(own.numbers.size());
  own.numbers.push_back(number);
}

void MemoryRecords::add_text(std::size_t column, std::string_view text) {
  Column& own = columns_[column];
  own.kinds.push_back(Cell::Kind::Text);
  own.places.push_back(own.texts.size());
  own.texts.emplace_back(text);
}

void MemoryRecords::add_list(std::size_t column, const double* numbers, std::size_t count) {
  Column& own = columns_[column];
  own.kinds.push_back(Cell::Kind::List);
  own.places.push_back(own.ends.size() - 1);
  own.listed.insert(own.listed.end(), numbers, numbers + count);
  own.ends.push_back(own.listed.size());
}

std::int64_t MemoryRecords::num_records() const {
  return columns_.empty() ? 0 : static_cast<std::int64_t>(columns_.front().kinds.size());
}

void MemoryRecords::fill(std::int64_t row, Record& out) const {
  const auto at = static_cast<std::size_t>(row);
  out.place = {static_cast<std::uint64_t>(row) + 1, 1};
  out.text = "{";
  out.cells.assign(columns_.size(), {});
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    Cell& cell = out.cells[i];
    cell.kind = column.kinds[at];
    const std::size_t place = column.places[at];
    std::string shown = "null";
    if (cell.kind == Cell::Kind::Number) {
      cell.number = column.numbers[place];
      shown = cell.text = fmt::format("{}", cell.number);
    } else if (cell.kind == Cell::Kind::Text) {
      cell.text = column.texts[place];
      shown = json_string(cell.text).value_or("\"?\"");
    } else if (cell.kind == Cell::Kind::List) {
      cell.numbers.assign(
          column.listed.begin() + static_cast<std::ptrdiff_t>(column.ends[place]),
          column.listed.begin() + static_cast<std::ptrdiff_t>(column.ends[place + 1]));
      shown = fmt::format("[{}]", fmt::join(cell.numbers, ", "));
    }
    out.text += fmt::format("{}{}: ", i > 0 ? ", " : "", json_string(names_[i]).value_or("\"?\""));
    cell.place = {out.place.line, out.text.size() + 1};
    out.text += shown;
  }
  out.text += "}";
}

}  // namespace fdl::format
