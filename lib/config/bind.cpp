#include "lib/config/bind.h"

#include <algorithm>
#include <limits>

#include "lib/base/closest.h"

namespace fdl::config {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void report_unknown(const RecordSpec& spec, const Entry& entry, Code code, Diagnostics& problems) {
  Diagnostic d =
      code == Code::UnknownParameter
          ? error(code, entry.key_span, "'{}' has no parameter '{}'", spec.name, entry.key)
          : error(code, entry.key_span, "unknown key '{}' in '{}'", entry.key, spec.name);
  if (const auto near = closest(entry.key, spec.names())) {
    d = std::move(d).help("did you mean '{}'?", *near);
  }
  problems.add(spec.fields.empty()
                   ? std::move(d).note("'{}' takes no parameters", spec.name)
                   : std::move(d).note("'{}' takes {}", spec.name, spec.signature()));
}

void bind_map(const RecordSpec& spec, const Node& node, void* object, Diagnostics& problems,
              Code unknown_key) {
  for (const Entry& entry : node.entries) {
    const FieldSpec* field = spec.find(entry.key);
    if (field == nullptr) {
      report_unknown(spec, entry, unknown_key, problems);
      continue;
    }
    const bool twice = entry.key == field->alias && node.has(field->name);
    if (twice) {
      problems.add(error(Code::BothNames, entry.key_span, "'{}' and '{}' are one parameter",
                         field->name, field->alias)
                       .help("keep one of them"));
    } else if (entry.value.broken || (entry.value.is_null() && !field->takes_null)) {
      continue;  // null: as if not given
    } else {
      field->bind(entry.value, object, problems);
    }
  }
}

bool was_given(const FieldSpec& field, const Node& node) {
  if (node.is_map()) {
    const Node* value = node.find(field.name);
    if (value == nullptr && !field.alias.empty()) value = node.find(field.alias);
    return value != nullptr && !value->is_null();
  }
  return field.is_main && !node.is_null();
}

}  // namespace

const FieldSpec* RecordSpec::find(std::string_view name_or_alias) const {
  for (const FieldSpec& field : fields) {
    if (field.name == name_or_alias) return &field;
    if (!field.alias.empty() && field.alias == name_or_alias) return &field;
  }
  return nullptr;
}

const FieldSpec* RecordSpec::main_field() const {
  const auto it =
      std::find_if(fields.begin(), fields.end(), [](const auto& f) { return f.is_main; });
  return it != fields.end() ? &*it : nullptr;
}

std::vector<std::string> RecordSpec::names() const {
  std::vector<std::string> out;
  for (const FieldSpec& field : fields) {
    out.push_back(field.name);
    if (!field.alias.empty()) out.push_back(field.alias);
  }
  return out;
}

std::string RecordSpec::signature() const {
  std::string out;
  for (const FieldSpec& field : fields) {
    if (!out.empty()) out += ", ";
    out += field.name;
    if (!field.alias.empty()) out += " (or " + field.alias + ")";
    if (field.is_required) {
      out += " (required)";
    } else if (field.is_inferred) {
      out += " (inferred)";
    } else if (field.record == nullptr && field.default_text != "null") {
      out += " = " + field.default_text;
    }
  }
  return out;
}

void bind_record(const RecordSpec& spec, const Node& node, void* object, Diagnostics& problems,
                 Code unknown_key) {
  if (node.broken) return;
  if (node.is_map()) {
    bind_map(spec, node, object, problems, unknown_key);
  } else if (!node.is_null()) {
    const FieldSpec* main = spec.main_field();
    if (main == nullptr) {
      problems.add(wrong_type(node, spec.name, "a map"));
      return;
    }
    main->bind(node, object, problems);
  }
  for (const FieldSpec& field : spec.fields) {
    if (!field.is_required || was_given(field, node)) continue;
    problems.add(error(Code::MissingKey, node.span, "'{}' needs '{}'", spec.name, field.name)
                     .help("{}: {}", field.alias.empty() ? field.name : field.alias, field.doc));
  }
}

Diagnostic wrong_type(const Node& node, std::string_view what, std::string_view expected) {
  Diagnostic d =
      error(Code::WrongType, node.span, "'{}' must be {}, not {}", what, expected, describe(node));
  const bool yaml_11 =
      node.is_scalar() && !node.quoted &&
      (node.text == "yes" || node.text == "no" || node.text == "on" || node.text == "off");
  if (yaml_11 && expected.starts_with("true"))
    return std::move(d).help("only true and false are booleans");
  if (node.is_scalar() && node.quoted && (parse_number(node.text) || parse_bool(node.text)))
    return std::move(d).help("without the quotes it would be one");
  return d;
}

void add_defaults(Node& tree, const RecordSpec& spec) {
  static const auto kDefault = std::make_shared<const Source>(Source{"default", "", false});
  if (!tree.is_map()) return;
  // Whether the record says nothing before something is given: what it is about, for one.
  const auto needs_some = [](const RecordSpec& record) {
    const FieldSpec* main = record.main_field();
    return (main != nullptr && main->default_text == "\"\"") ||
           std::any_of(record.fields.begin(), record.fields.end(),
                       [](const FieldSpec& field) { return field.is_required; });
  };
  for (const FieldSpec& field : spec.fields) {
    Node* given = tree.find(field.name);
    if (given == nullptr && !field.alias.empty()) given = tree.find(field.alias);
    if (given != nullptr) {
      if (field.record != nullptr) add_defaults(*given, *field.record);
      continue;
    }
    const Span span{kDefault, 1, 1, 1};
    if (field.record != nullptr) {
      if (needs_some(*field.record)) continue;  // there when it is given
      Node nested;
      nested.kind = Kind::Map;
      nested.span = span;
      add_defaults(nested, *field.record);
      if (!nested.entries.empty())
        tree.entries.push_back({field.name, span, nested, EntryMode::Merge});
    } else if (!field.is_required && field.default_text != "null" && field.default_text != "\"\"") {
      tree.entries.push_back(
          {field.name, span, make_scalar(field.default_text, span), EntryMode::Merge});
    }
  }
}

Range at_least(double low) {
  return {low, kInfinity, false, false, "at least " + show_number(low)};
}
Range above(double low) { return {low, kInfinity, true, false, "above " + show_number(low)}; }
Range between(double low, double high) {
  return {low, high, false, false, "between " + show_number(low) + " and " + show_number(high)};
}
Range at_least_and_below(double low, double high) {
  return {low, high, false, true,
          "at least " + show_number(low) + " and below " + show_number(high)};
}

void report_range(const Node& node, const std::string& name, const Range& range,
                  Diagnostics& problems) {
  problems.add(error(Code::OutOfRange, node.span, "'{}' must be {}, not {}", name, range.words,
                     describe(node)));
}

void report_choice(const Node& node, const std::string& name, const std::vector<std::string>& names,
                   Diagnostics& problems) {
  Diagnostic d = error(Code::NotAChoice, node.span, "'{}' must be {}, not {}", name, one_of(names),
                       describe(node));
  if (const auto near = closest(node.text, names))
    d = std::move(d).help("did you mean '{}'?", *near);
  problems.add(std::move(d));
}

}  // namespace fdl::config
