// Values, records and choices as JSON Schema.
#include <cmath>

#include "commands/reference/schema_parts.h"

namespace fdl::commands::schema {
namespace {

using config::FieldSpec;
using config::Form;

Json of_type(const char* type) { return {{"type", type}}; }

void limit(Json& number, const std::optional<config::Range>& limits,
           const std::optional<double>& low) {
  if (low) number["minimum"] = *low;
  if (!limits) return;
  if (std::isfinite(limits->low))
    number[limits->low_open ? "exclusiveMinimum" : "minimum"] = limits->low;
  if (std::isfinite(limits->high))
    number[limits->high_open ? "exclusiveMaximum" : "maximum"] = limits->high;
}

Json form(const Form& what, const FieldSpec& field) {
  switch (what.kind) {
    case Form::Kind::Any:
      return Json::object();
    case Form::Kind::Null:
      return of_type("null");
    case Form::Kind::Boolean:
      return or_interpolated(of_type("boolean"));
    case Form::Kind::Text: {
      const std::vector<std::string>& words = what.words.empty() ? field.choices : what.words;
      return words.empty() ? scalar() : or_interpolated(enumeration(words));
    }
    case Form::Kind::Integer:
    case Form::Kind::Number: {
      Json number = of_type(what.kind == Form::Kind::Integer ? "integer" : "number");
      limit(number, field.limits, what.low);
      return or_interpolated(std::move(number));
    }
    case Form::Kind::List: {
      Json list = {{"type", "array"}, {"items", form(what.parts.front(), field)}};
      if (what.least > 0) list["minItems"] = what.least;
      if (what.most != SIZE_MAX) list["maxItems"] = what.most;
      return list;
    }
    case Form::Kind::OneOf:
      break;
  }
  std::vector<Json> alternatives;
  for (const Form& part : what.parts) alternatives.push_back(form(part, field));
  return any_of(std::move(alternatives));
}

// A record's field under either name: exactly one of them may be there.
void name_rules(const config::RecordSpec& record, Layer layer, Json& rules) {
  for (const FieldSpec& field : record.fields) {
    const Json named = {{"required", {field.name}}}, aliased = {{"required", {field.alias}}};
    if (!field.alias.empty()) rules.push_back({{"not", {{"required", {field.name, field.alias}}}}});
    if (!field.is_required || layer == Layer::Part) continue;
    rules.push_back(field.alias.empty() ? named : any_of({named, aliased}));
  }
}

}  // namespace

Json refer(const std::string& definition) { return {{"$ref", "#/$defs/" + definition}}; }

Json any_of(std::vector<Json> alternatives) {
  if (alternatives.size() == 1) return alternatives.front();
  return {{"anyOf", std::move(alternatives)}};
}

Json enumeration(const std::vector<std::string>& words) {
  Json out = Json::array();
  for (const std::string& word : words) {
    out.push_back(word);
    if (const auto boolean = config::parse_bool(word)) out.push_back(*boolean);
  }
  return {{"enum", out}};
}

Json scalar() { return {{"type", {"string", "number", "boolean"}}}; }

Json whole_number(double low, double high) {
  return or_interpolated({{"type", "integer"}, {"minimum", low}, {"maximum", high}});
}

Json list_of(Json item, std::size_t least) {
  Json out = {{"type", "array"}, {"items", std::move(item)}};
  if (least > 0) out["minItems"] = least;
  return out;
}

Json one_or_list_of(const Json& item, std::size_t least) {
  return any_of({item, list_of(item, least)});
}

Json map_of(const Json& value) { return {{"type", "object"}, {"additionalProperties", value}}; }

Json closed_map(Json properties, const std::vector<std::string>& required, Layer layer) {
  Json out = {{"type", "object"}, {"properties", std::move(properties)}};
  std::string names;
  for (const auto& [name, value] : out["properties"].items())
    names += (names.empty() ? "" : "|") + name;
  // A key that says how to merge is looked at when it has been merged.
  if (!names.empty()) out["patternProperties"] = {{"^(" + names + ")[+!]$", Json::object()}};
  out["additionalProperties"] = false;
  if (!required.empty() && layer == Layer::Base) out["required"] = required;
  return out;
}

Json or_interpolated(Json value) { return any_of({std::move(value), refer("interpolated")}); }

Json field(const FieldSpec& field, Layer layer) {
  if (field.record != nullptr) return record(*field.record, layer);
  Json out = form(field.form, field);
  // Null is as if the key were not there.
  const bool takes_null = !field.is_required || layer == Layer::Part;
  if (takes_null && !out.empty()) out = any_of({std::move(out), of_type("null")});
  if (!field.doc.empty()) out["description"] = field.doc;
  const bool shows_default = !field.is_required && !field.is_inferred &&
                             !field.default_text.empty() && field.default_text != "null" &&
                             field.default_text != "\"\"";
  if (shows_default) out["description"] = field.doc + " Default: " + field.default_text + ".";
  return out;
}

Json record(const config::RecordSpec& record, Layer layer, const Json& special) {
  Json properties = Json::object(), rules = Json::array();
  bool needs_some = false;
  for (const FieldSpec& f : record.fields) {
    Json value = special.contains(f.name) ? special[f.name] : field(f, layer);
    if (!f.alias.empty()) properties[f.alias] = value;
    properties[f.name] = std::move(value);
    needs_some = needs_some || f.is_required;
  }
  for (const auto& [name, value] : special.items()) properties[name] = value;
  name_rules(record, layer, rules);
  Json map = closed_map(std::move(properties), {}, layer);
  if (!rules.empty()) map["allOf"] = std::move(rules);
  std::vector<Json> alternatives = {std::move(map)};
  const FieldSpec* main = record.main_field();
  bool main_suffices = main != nullptr;
  for (const FieldSpec& f : record.fields) {
    if (f.is_required && !f.is_main && layer == Layer::Base) main_suffices = false;
  }
  if (main_suffices) alternatives.push_back(form(main->form, *main));
  if (!needs_some || layer == Layer::Part) alternatives.push_back(of_type("null"));
  Json out = any_of(std::move(alternatives));
  if (!record.summary.empty()) out["description"] = record.summary;
  return out;
}

namespace {

// Keys that are no parameters name something else: the fields of a table.
void open(Json& record) {
  Json& map = record.contains("anyOf") ? record["anyOf"][0] : record;
  map["additionalProperties"] = true;
}

// What some parameters have of their own: `match`, and any of the optimizer's values.
Json group(const catalog::EntrySpec& optimizer) {
  Json values = record(optimizer.record, Layer::Part);
  Json& map = values.contains("anyOf") ? values["anyOf"][0] : values;
  Json properties = {{"match", scalar()}};
  for (const auto& [name, value] : map["properties"].items()) properties[name] = value;
  return closed_map(std::move(properties), {"match"}, Layer::Base);
}

}  // namespace

void add_groups(Json& definitions) {
  for (const std::string& name : catalog::entry_names(catalog::EntryKind::Optimizer)) {
    const catalog::EntrySpec& spec = *catalog::find_entry(catalog::EntryKind::Optimizer, name);
    if (spec.groups) definitions["group." + name] = group(spec);
  }
}

Json choice(catalog::EntryKind kind, const Json& beside, Layer layer) {
  std::vector<std::string> bare;
  Json properties = beside, one = Json::array();
  for (const std::string& name : catalog::entry_names(kind)) {
    const catalog::EntrySpec& spec = *catalog::find_entry(kind, name);
    bool needs_some = false;
    for (const FieldSpec& f : spec.record.fields) needs_some = needs_some || f.is_required;
    if (!needs_some || layer == Layer::Part) bare.push_back(name);
    Json special = Json::object();
    if (spec.groups) special["groups"] = any_of({list_of(refer("group." + name)), of_type("null")});
    const bool compares = kind == catalog::EntryKind::Loss || kind == catalog::EntryKind::Metric;
    if (compares) {
      for (const catalog::ComparedSpec& compared : spec.compared)
        special[compared.name] = any_of({scalar(), of_type("null")});
    }
    properties[name] = record(spec.record, layer, special);
    if (spec.other_keys) open(properties[name]);
    one.push_back({{"required", {name}}});
  }
  Json map = closed_map(std::move(properties), {}, layer);
  if (layer == Layer::Base) map["oneOf"] = std::move(one);
  return any_of({enumeration(bare), std::move(map), refer("interpolated")});
}

}  // namespace fdl::commands::schema
