// Steps: modules, constructs and the keys beside them.
#include <algorithm>
#include <map>

#include "commands/reference/schema_parts.h"
#include "lib/graph/construct_list.h"
#include "lib/graph/load_keys.h"

namespace fdl::commands::schema {
namespace {

const Json kAnything = Json::object();

Json flow() { return refer("flow"); }

Json boolean() { return or_interpolated({{"type", "boolean"}}); }
Json number() { return or_interpolated({{"type", "number"}}); }
Json integer() { return or_interpolated({{"type", "integer"}}); }

// At least two flows, by name or in a list.
Json branches() {
  return any_of({{{"type", "array"}, {"items", flow()}, {"minItems", 2}},
                 {{"type", "object"}, {"additionalProperties", flow()}, {"minProperties", 2}}});
}

Json map_with(const Json& properties, const std::vector<std::string>& required) {
  return closed_map(properties, required, Layer::Base);
}

Json loops() {
  constexpr double kMost = 1e9;
  const Json traces = any_of({scalar(), list_of(scalar()), map_of(scalar())});
  const Json times = map_with(
      {{"times", whole_number(1, kMost)}, {"body", flow()}, {"trace", traces}}, {"times", "body"});
  const auto with_condition = [&](const char* word) {
    return map_with({{word, flow()},
                     {"max", whole_number(1, kMost)},
                     {"body", flow()},
                     {"trace", traces},
                     {"per_sample", boolean()}},
                    {word, "max", "body"});
  };
  return any_of({times, with_condition("while"), with_condition("until")});
}

Json gates() {
  const Json copies =
      map_with({{"copies", whole_number(1, 10'000)}, {"flow", flow()}}, {"copies", "flow"});
  const Json named = {{"type", "object"},
                      {"additionalProperties", flow()},
                      {"minProperties", 2},
                      {"not", {{"required", {"copies"}}}}};
  const Json listed = {{"type", "array"}, {"items", flow()}, {"minItems", 2}};
  return map_with({{"router", flow()},
                   {"experts", any_of({copies, named, listed})},
                   {"top_k", integer()},
                   {"balance_loss", number()}},
                  {"router", "experts"});
}

Json maps() {
  Json out = map_with({{"body", flow()},
                       {"each", boolean()},
                       {"over", scalar()},
                       {"slices", whole_number(1, 1e6)},
                       {"dim", integer()}},
                      {"body"});
  // Without slices, it must not say `each: false`.
  out["if"] = {{"not", {{"required", {"slices"}}}}};
  out["then"] = {{"properties", {{"each", {{"not", {{"const", false}}}}}}}};
  return out;
}

Json tags() { return any_of({scalar(), list_of(scalar(), 1)}); }

// What stands under a construct's key. One that is not here takes anything.
Json construct(std::string_view name) {
  const std::map<std::string_view, Json> known = {
      {"flow", flow()},
      {"also", any_of({flow(), map_with({{"main", flow()}, {"skip", flow()}}, {"main"})})},
      {"split", branches()},
      {"fork", any_of({flow(), map_with({{"flow", flow()}, {"tag", scalar()}}, {"flow"})})},
      {"repeat",
       map_with({{"times", whole_number(1, 100'000)}, {"flow", flow()}}, {"times", "flow"})},
      {"loop", loops()},
      {"gate", gates()},
      {"switch",
       map_with({{"selector", flow()}, {"branches", branches()}}, {"selector", "branches"})},
      {"map", maps()},
      {"use", scalar()},
      {"add", tags()},
      {"mul", tags()},
      {"concat", any_of({tags(), map_with({{"with", tags()}, {"dim", integer()}}, {"with"})})}};
  const auto found = known.find(name);
  return found != known.end() ? found->second : kAnything;
}

Json merges() {
  const std::vector<std::string> words = {"add", "mean", "mul", "max", "min", "stack", "concat"};
  Json one = Json::array(), properties = Json::object();
  for (const std::string& word : words) {
    Json dim = map_with({{"dim", integer()}}, {"dim"});
    dim["additionalProperties"] = true;
    properties[word] = dim;
  }
  Json map = {{"type", "object"},
              {"properties", properties},
              {"additionalProperties", false},
              {"minProperties", 1},
              {"maxProperties", 1}};
  return any_of({or_interpolated(enumeration(words)), map});
}

// What stands under a key beside a module or construct. One that is not here takes anything.
Json step_key(std::string_view name) {
  // A name's dots join words.
  const Json word = {{"type", "string"},
                     {"pattern", "^(|[^. *?|\\[\\]/\"'\\n\\t]+(\\.[^. *?|\\[\\]/\"'\\n\\t]+)*)$"}};
  const std::map<std::string_view, Json> known = {
      {"name", or_interpolated(any_of({word, {{"type", {"number", "boolean"}}}}))},
      {"tag", scalar()},
      {"using", any_of({scalar(), list_of(scalar()), map_of(scalar()), {{"type", "null"}}})},
      {"from", any_of({scalar(), map_with({{"arange", scalar()}}, {"arange"})})},
      {"port", scalar()},
      {"merge", merges()},
      {"with", {{"type", "object"}}},
      {"init", any_of({map_of(refer("initializer")), refer("interpolated")})},
      {"parametrize",
       any_of({map_of(one_or_list_of(refer("parametrization"), 1)), refer("interpolated")})},
      {"load", load_request(false)},
      {"recompute", boolean()},
      {"precision", or_interpolated(enumeration(graph::precision_names()))},
      {"freeze", any_of({boolean(), map_with({{"bn", enumeration({"train", "eval"})}}, {"bn"})})}};
  const auto found = known.find(name);
  return found != known.end() ? found->second : kAnything;
}

// Which keys have a meaning beside it.
bool goes_with(std::string_view key, std::string_view kind, bool is_module) {
  if (key == "merge") return kind == "also" || kind == "split";
  if (key == "with") return kind == "use";
  return (key != "init" && key != "parametrize") || is_module;
}

Json keys_beside(std::string_view kind, bool is_module) {
  Json out = Json::object();
  for (const graph::StepKeySpec& key : graph::step_keys()) {
    if (!goes_with(key.name, kind, is_module)) continue;
    out[std::string(key.name)] = refer("key." + std::string(key.name));
  }
  return out;
}

// Further inputs that it needs are looked at with the graph.
bool works_bare(const catalog::ModuleSpec& spec) {
  const auto& fields = spec.record.fields;
  const bool needs_some =
      std::any_of(fields.begin(), fields.end(), [](const auto& f) { return f.is_required; });
  return !needs_some;
}

// A module of several inputs without a main parameter takes their tags instead.
Json module_value(const catalog::ModuleSpec& spec) {
  Json out = record(spec.record, Layer::Base);
  if (spec.inputs.size() < 2 || spec.record.main_field() != nullptr) return out;
  Json short_form = any_of({out, scalar(), list_of(scalar())});
  if (out.contains("description")) short_form["description"] = out["description"];
  return short_form;
}

Json module_step(std::vector<std::string>& bare, Json& definitions) {
  Json properties = keys_beside("", true), one = Json::array();
  for (const std::string& name : catalog::module_names()) {
    const catalog::ModuleSpec& spec = *catalog::find_module(name);
    definitions["module." + name] = module_value(spec);
    properties[name] = refer("module." + name);
    one.push_back({{"required", {name}}});
    if (works_bare(spec)) bare.push_back(name);
  }
  Json out = closed_map(std::move(properties), {}, Layer::Base);
  out["oneOf"] = std::move(one);
  return out;
}

Json construct_step(const graph::ConstructSpec& spec, Json& definitions) {
  const std::string name(spec.name);
  Json value = construct(spec.name);
  value["description"] = spec.summary;
  definitions["construct." + name] = std::move(value);
  Json properties = keys_beside(spec.name, false);
  properties[name] = refer("construct." + name);
  return closed_map(std::move(properties), {name}, Layer::Base);
}

}  // namespace

Json load_request(bool has_path) {
  const Json null = {{"type", "null"}};
  Json special = {{"rename", any_of({map_of(any_of({scalar(), null})), null})}};
  if (has_path) special["path"] = any_of({scalar(), null});
  return record(graph::load_record(), Layer::Base, special);
}

void add_steps(Json& definitions) {
  for (const graph::StepKeySpec& key : graph::step_keys()) {
    Json value = step_key(key.name);
    value["description"] = key.doc;
    definitions["key." + std::string(key.name)] = std::move(value);
  }
  definitions["initializer"] = choice(catalog::EntryKind::Initializer, kAnything, Layer::Base);
  definitions["parametrization"] =
      choice(catalog::EntryKind::Parametrization, kAnything, Layer::Base);
  definitions["flow"] = {{"type", "array"}, {"items", refer("step")}};
  std::vector<std::string> bare;
  std::vector<Json> alternatives = {module_step(bare, definitions)};
  for (const graph::ConstructSpec& spec : graph::constructs())
    alternatives.push_back(construct_step(spec, definitions));
  Json named = closed_map(keys_beside("", false), {}, Layer::Base);  // the stream as it is
  named["anyOf"] = {{{"required", {"tag"}}}, {{"required", {"from"}}}};
  alternatives.push_back(std::move(named));
  alternatives.push_back(or_interpolated(enumeration(bare)));
  definitions["step"] = any_of(std::move(alternatives));
}

}  // namespace fdl::commands::schema
