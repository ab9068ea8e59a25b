// The fields of a table as they are written.
#include <algorithm>

#include "lib/base/closest.h"
#include "lib/config/bind.h"
#include "lib/job/sources/table_inspect.h"

namespace fdl::job {
namespace {

using Type = TableField::Type;

struct FieldKeys {
  std::string column;
  std::vector<std::string> columns;
  std::string type;
  std::vector<std::string> classes;
  std::optional<std::string> missing;
  bool unknown = false;
  std::optional<std::int64_t> max_tokens;
};

const config::RecordSpec& field_record() {
  using K = FieldKeys;
  static const config::RecordSpec spec =
      config::RecordBuilder<K>("field", "A field of a table.")
          .field("column", &K::column, "The column that it is.", config::main_field)
          .field("columns", &K::columns, "The columns that make up one vector.")
          .field("type", &K::type,
                 "f32 for numbers, i64 for integers, class for one of several texts, text for the "
                 "tokens of a `tokenizer:`; else by what the training part has.",
                 config::choices({"f32", "i64", "class", "text"}))
          .field("classes", &K::classes, "The texts of a class, in the order of their numbers.")
          .field("missing", &K::missing, "What stands for a missing value.")
          .field("max_tokens", &K::max_tokens, "Of a text: the most tokens; it is cut at its end.",
                 config::at_least(1))
          .field("unknown", &K::unknown, "Give other texts one number after the last class.")
          .build();
  return spec;
}

Result<std::size_t> find_column(const std::string& name, const std::vector<std::string>& columns,
                                const Span& at) {
  const auto found = std::find(columns.begin(), columns.end(), name);
  if (found != columns.end()) return static_cast<std::size_t>(found - columns.begin());
  Diagnostic d = error(Code::UnknownKey, at, "there is no column '{}'", name);
  if (const auto near = closest(name, columns)) d = std::move(d).help("did you mean '{}'?", *near);
  return fail(std::move(d).note("the columns are {}", one_of(columns, 40)));
}

Result<TableField> read_one(const std::string& name, const config::Node& node,
                            const std::vector<std::string>& columns) {
  FieldKeys keys;
  Diagnostics problems;
  if (node.is_list()) {
    if (!config::ValueTraits<std::vector<std::string>>::read(node, keys.columns))
      problems.add(config::wrong_type(node, name, "a column, a list of columns, or a map"));
  } else {
    config::bind_record(field_record(), node, &keys, problems);
  }
  if (!problems.empty()) return fail(problems.sorted().front());
  TableField out;
  out.name = name;
  out.span = node.span;
  out.is_vector = !keys.columns.empty();
  std::vector<std::string> wanted = keys.columns;
  if (!out.is_vector) wanted.push_back(keys.column.empty() ? name : keys.column);
  for (const std::string& column : wanted) {
    const Result<std::size_t> found = find_column(column, columns, node.span);
    if (!found) return fail(found.error());
    out.columns.push_back(*found);
  }
  const bool is_class = keys.type == "class" || !keys.classes.empty() || keys.unknown;
  const bool is_text = keys.type == "text";
  if (out.is_vector && (is_class || is_text || keys.type == "i64" || !keys.column.empty())) {
    return fail(error(Code::WrongType, node.span,
                      "'{}' joins columns to a vector of f32, which has no other column or type",
                      name)
                    .help("give each column a field of its own"));
  }
  out.is_typed = out.is_vector || is_class || !keys.type.empty();
  out.type = is_class             ? Type::Class
             : is_text            ? Type::Text
             : keys.type == "i64" ? Type::Integer
                                  : Type::Number;
  out.max_tokens = keys.max_tokens;
  out.classes = std::move(keys.classes);
  out.has_classes = !out.classes.empty();
  out.takes_unknown = keys.unknown;
  out.fill = std::move(keys.missing);
  return out;
}

}  // namespace

Result<std::vector<TableField>> read_fields(const config::Node& fields,
                                            const std::vector<std::string>& columns,
                                            const Span& source) {
  config::Node all = fields;
  if (all.entries.empty()) {
    for (const std::string& column : columns)
      all.entries.push_back({column, source, config::make_scalar(column, source)});
  }
  std::vector<TableField> out;
  for (const config::Entry& entry : all.entries) {
    config::Node value = entry.value;
    if (!value.span.is_known()) value.span = entry.key_span;
    Result<TableField> field = read_one(entry.key, value, columns);
    if (!field) return fail(field.error());
    out.push_back(std::move(*field));
  }
  return out;
}

}  // namespace fdl::job
