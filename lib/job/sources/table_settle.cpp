// What the columns of a training part hold.
#include <algorithm>
#include <cmath>
#include <set>

#include "lib/job/sources/table_inspect.h"

namespace fdl::job {
namespace {

using format::Cell;
using Type = TableField::Type;

constexpr std::size_t kMostClasses = 1'000'000;

// What has been seen of one field.
struct Seen {
  bool only_numbers = true, any_list = false, only_whole = true;
  std::int64_t shortest = INT64_MAX, longest = 0;
  double largest = 0;
  std::set<std::string> words;
};

bool is_missing(const TableDetails& table, const Cell& cell) {
  return cell.kind == Cell::Kind::Missing ||
         std::find(table.missing.begin(), table.missing.end(), cell.text) != table.missing.end();
}

void look_at_list(const Cell& cell, Seen& seen) {
  seen.any_list = true;
  const auto length = static_cast<std::int64_t>(cell.numbers.size());
  seen.shortest = std::min(seen.shortest, length);
  seen.longest = std::max(seen.longest, length);
  for (const double one : cell.numbers) {
    seen.only_whole = seen.only_whole && one == std::floor(one) && one >= 0;
    seen.largest = std::max(seen.largest, one);
  }
}

void look_at(const TableDetails& table, const TableField& field, const format::Record& record,
             Seen& seen) {
  const Cell& cell = record.cells[field.columns.front()];
  if (cell.kind == Cell::Kind::List) return look_at_list(cell, seen);
  if (is_missing(table, cell)) return;
  if (cell.kind != Cell::Kind::Number && !config::parse_number(cell.text))
    seen.only_numbers = false;
  if (seen.words.size() <= kMostClasses) seen.words.insert(cell.text);
}

// Numbers by size where all are integers, else texts by their bytes.
std::vector<std::string> in_order(const std::set<std::string>& words) {
  std::vector<std::string> out(words.begin(), words.end());
  const bool are_integers = std::all_of(out.begin(), out.end(), [](const std::string& word) {
    return config::parse_integer(word).has_value();
  });
  if (!are_integers) return out;
  std::stable_sort(out.begin(), out.end(), [](const std::string& a, const std::string& b) {
    return *config::parse_integer(a) < *config::parse_integer(b);
  });
  return out;
}

void settle_type(const graph::Graph& graph, const Seen& seen, TableField& field) {
  if (field.type == Type::Text) return;
  if (seen.any_list) {
    field.type = Type::List;
    field.is_whole = seen.only_whole;
    field.largest = seen.largest;
    if (seen.shortest == seen.longest) field.length = seen.longest;
    return;
  }
  if (field.is_typed) return;
  const catalog::TensorType* input = input_type(graph, field.name);
  if (!seen.only_numbers)
    field.type = Type::Class;
  else if (input != nullptr && is_integer(input->dtype))
    field.type = Type::Integer;
}

Result<void> settle_classes(const DataSplit& split, const Seen& seen, TableField& field) {
  if (field.type != Type::Class) return {};
  if (!field.has_classes && split.shuffle_seed) {
    return fail(error(Code::MissingKey, field.span,
                      "'{}' needs `classes`: with `shuffle_seed` the training part comes from all "
                      "over the file",
                      field.name)
                    .help("name the classes: {}: {{ column: ..., classes: [a, b] }}", field.name));
  }
  if (!field.has_classes && seen.words.size() > kMostClasses) {
    return fail(error(Code::FieldMismatch, field.span,
                      "'{}' has more than {} different texts, which are no classes", field.name,
                      kMostClasses)
                    .help("leave the column out"));
  }
  if (!field.has_classes) field.classes = in_order(seen.words);
  for (std::size_t i = 0; i < field.classes.size(); ++i) field.numbers[field.classes[i]] = i;
  return {};
}

}  // namespace

const catalog::TensorType* input_type(const graph::Graph& graph, const std::string& name) {
  for (const graph::NamedValue& input : graph.inputs) {
    if (input.name == name) return &graph.values[static_cast<std::size_t>(input.value)].type;
  }
  return nullptr;
}

const catalog::Dim* named_axis(const graph::Graph& graph, const std::string& field) {
  const catalog::TensorType* own = input_type(graph, field);
  if (own != nullptr && own->shape.size() > 1 && !own->shape[1].is_number()) return &own->shape[1];
  for (const graph::NamedValue& input : graph.inputs) {
    const catalog::TensorType& type = graph.values[static_cast<std::size_t>(input.value)].type;
    if (type.shape.size() > 1 && !type.shape[1].is_number()) return &type.shape[1];
  }
  return nullptr;
}

Result<void> scan_ranges(const TableDetails& details, const SampleRanges& ranges,
                         const RecordUse& use) {
  for (const SampleRange& range : ranges) FDL_TRY(details.table.scan(range.begin, range.end, use));
  return {};
}

Result<void> settle_fields(const DataSplit& train, const graph::Graph& graph,
                           const SampleRanges& ranges, TableDetails& details) {
  std::vector<Seen> seen(details.fields.size());
  FDL_TRY(
      scan_ranges(details, ranges, [&](std::int64_t, const format::Record& record) -> Result<void> {
        for (std::size_t i = 0; i < seen.size(); ++i) {
          if (!details.fields[i].is_vector) look_at(details, details.fields[i], record, seen[i]);
        }
        return {};
      }));
  for (std::size_t i = 0; i < seen.size(); ++i) {
    TableField& field = details.fields[i];
    settle_type(graph, seen[i], field);
    FDL_TRY(settle_classes(train, seen[i], field));
    if (!field.fill || field.type == Type::Class || field.type == Type::Text) continue;
    field.fill_number = config::parse_number(*field.fill);
    if (field.fill_number) continue;
    return fail(error(Code::WrongType, field.span,
                      "'missing' of '{}' must be a number, as its values are, not '{}'", field.name,
                      *field.fill));
  }
  return {};
}

}  // namespace fdl::job
