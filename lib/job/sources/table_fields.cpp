// From cells to numbers.
#include <algorithm>
#include <cmath>

#include "lib/job/sources/table.h"

namespace fdl::job {
namespace {

using format::Cell;
using format::Record;

constexpr double kMostWhole = 9007199254740992;  // 2^53: beyond it, f64 skips integers

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// One reading of one field of one record.
struct Reading {
  const TableDetails& details;
  const TableField& field;
  const Record& record;

  std::string column_of(std::size_t column) const { return details.table.columns()[column]; }

  Diagnostic at(const Cell& cell, std::string message) const {
    const Span span =
        details.table.span_of(record, cell.place, std::clamp<std::size_t>(cell.text.size(), 1, 60));
    return error(Code::DataCorrupt, span, "{}", message);
  }

  // The number, where it is one.
  static std::optional<double> number_of(const Cell& cell) {
    if (cell.kind == Cell::Kind::Number) return cell.number;
    return cell.kind == Cell::Kind::Text ? config::parse_number(trimmed(cell.text)) : std::nullopt;
  }

  bool is_missing(const Cell& cell) const {
    if (cell.kind == Cell::Kind::Missing) return true;
    if (cell.kind != Cell::Kind::Text) return false;
    return std::find(details.missing.begin(), details.missing.end(), cell.text) !=
           details.missing.end();
  }

  Failure no_value(const Cell& cell, std::size_t column) const {
    Diagnostic d = at(cell, fmt::format("'{}' has no value here", column_of(column)));
    if (field.type == TableField::Type::Class)
      return fail(std::move(d).help("let it be one more class: {}: {{ column: {}, unknown: true }}",
                                    field.name, column_of(column)));
    if (field.type == TableField::Type::Text)
      return fail(std::move(d).help(
          "leave the record out, or say what stands for it: {{ column: {}, type: text, missing: "
          "\"nothing\" }}",
          column_of(column)));
    return fail(std::move(d).help("say what stands for it: {}: {{ column: {}, missing: 0 }}",
                                  field.name, column_of(column)));
  }

  Result<double> number(std::size_t column) const {
    const Cell& cell = record.cells[column];
    if (is_missing(cell)) {
      if (field.fill_number) return *field.fill_number;
      return no_value(cell, column);
    }
    const auto value = number_of(cell);
    const bool is_integer = field.type == TableField::Type::Integer;
    const bool is_fine =
        value && (!is_integer || (*value == std::floor(*value) && std::abs(*value) <= kMostWhole));
    if (is_fine) return *value;
    return fail(at(cell, fmt::format("'{}' must be {}, not '{}'", column_of(column),
                                     is_integer ? "an integer" : "a number", cell.text))
                    .help("the field '{}' holds numbers; a field of words is `{{ column: {}, type: "
                          "class }}`",
                          field.name, column_of(column)));
  }

  Result<double> class_number(std::size_t column) const {
    const Cell& cell = record.cells[column];
    const bool is_absent = is_missing(cell);
    if (is_absent && !field.fill && field.takes_unknown)
      return static_cast<double>(field.classes.size());
    if (is_absent && !field.fill) return no_value(cell, column);
    const std::string& word = is_absent ? *field.fill : cell.text;
    const auto found = field.numbers.find(word);
    if (found != field.numbers.end()) return static_cast<double>(found->second);
    if (field.takes_unknown) return static_cast<double>(field.classes.size());
    return fail(
        at(cell, fmt::format("'{}' is no class of '{}'", word, field.name))
            .help("{}",
                  field.has_classes
                      ? "add it to `classes:`, or let it be one more class: unknown: true"
                      : "the training part does not have it; name all in `classes:`, or let it be "
                        "one more class: unknown: true"));
  }

  Result<void> list(std::size_t column, std::vector<double>& out) const {
    const Cell& cell = record.cells[column];
    if (cell.kind != Cell::Kind::List) {
      return fail(at(cell, fmt::format("'{}' must be a list of numbers", column_of(column)))
                      .help("every record must have one, as the first ones have"));
    }
    const auto length = static_cast<std::int64_t>(cell.numbers.size());
    if (length == 0 || (field.length && length != *field.length)) {
      return fail(at(cell, length == 0 ? fmt::format("'{}' is an empty list", column_of(column))
                                       : fmt::format("'{}' has {} numbers here, but {} in the "
                                                     "training part",
                                                     column_of(column), length, *field.length)));
    }
    for (const double one : cell.numbers) {
      if (!field.is_whole || one == std::floor(one)) continue;
      return fail(at(cell, fmt::format("'{}' holds {}, but only integers in the training part",
                                       column_of(column), one)));
    }
    out.insert(out.end(), cell.numbers.begin(), cell.numbers.end());
    return {};
  }

  Result<void> text(std::size_t column, std::vector<double>& out) const {
    const Cell& cell = record.cells[column];
    const bool is_absent = is_missing(cell);
    if (is_absent && !field.fill) return no_value(cell, column);
    if (!is_absent && cell.kind != Cell::Kind::Text)
      return fail(at(cell, fmt::format("'{}' must be a text", column_of(column))));
    std::optional<std::size_t> most;
    if (field.max_tokens) most = static_cast<std::size_t>(*field.max_tokens);
    const auto tokens = field.tokenizer->encode_whole(is_absent ? *field.fill : cell.text, most);
    if (tokens.empty())
      return fail(at(cell, fmt::format("'{}' has no token here", column_of(column)))
                      .help("leave the record out"));
    for (const std::int64_t token : tokens)
      out.push_back(field.is_zeros ? 0 : static_cast<double>(token));
    return {};
  }
};

}  // namespace

Result<void> read_field(const TableDetails& details, const TableField& field, const Record& record,
                        std::vector<double>& out) {
  const Reading reading{details, field, record};
  for (const std::size_t column : field.columns) {
    if (field.type == TableField::Type::List || field.type == TableField::Type::Text) {
      const bool is_list = field.type == TableField::Type::List;
      FDL_TRY(is_list ? reading.list(column, out) : reading.text(column, out));
      continue;
    }
    const Result<double> value = field.type == TableField::Type::Class
                                     ? reading.class_number(column)
                                     : reading.number(column);
    if (!value) return fail(value.error());
    out.push_back(*value);
  }
  return {};
}

}  // namespace fdl::job
