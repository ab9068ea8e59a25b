// The JSON Schema for editors: what a manifest and an overlay look like.
#include <algorithm>

#include "commands/reference/reference.h"
#include "commands/reference/schema_parts.h"
#include "lib/graph/construct_list.h"
#include "lib/graph/states.h"
#include "lib/job/job.h"
#include "lib/job/records.h"

namespace fdl::commands::schema {
namespace {

const Json kAnything = Json::object();
const Json kNull = {{"type", "null"}};

Json interval() {
  return or_interpolated({{"type", "string"}, {"pattern", "^\\+?0*[1-9][0-9]* (epochs?|steps?)$"}});
}

Json duration() {
  return or_interpolated({{"type", "string"},
                          {"pattern",
                           "^(?=[0-9.]*[1-9])([0-9]+(\\.[0-9]*)?|\\.[0-9]+) ?(s|sec|seconds?|m|min|"
                           "minutes?|h|hr|hours?|d|days?)$"}});
}

// One item or a list of them, or nothing.
Json some_of(const std::string& definition) {
  return any_of({refer(definition), list_of(refer(definition)), kNull});
}

Json beside_of(catalog::EntryKind kind) {
  Json out = Json::object();
  const Json name_or_none = any_of({scalar(), kNull});
  for (const std::string& name : catalog::compared_names(kind)) out[name] = name_or_none;
  out["name"] = name_or_none;
  out["weight"] = or_interpolated({{"type", "number"}});
  return out;
}

std::string name_in(Layer layer, const std::string& name) {
  return layer == Layer::Part ? "part." + name : name;
}

void add_choices(Json& definitions, Layer layer) {
  using catalog::EntryKind;
  const auto add = [&](const std::string& name, EntryKind kind, const Json& beside) {
    definitions[name_in(layer, name)] = choice(kind, beside, layer);
  };
  add("loss", EntryKind::Loss, beside_of(EntryKind::Loss));
  add("metric", EntryKind::Metric, beside_of(EntryKind::Metric));
  add("optimizer", EntryKind::Optimizer, kAnything);
  add("schedule", EntryKind::Schedule, kAnything);
  add("transform", EntryKind::Transform, kAnything);
  add("batch_transform", EntryKind::BatchTransform, kAnything);
  add("sampler", EntryKind::Sampler, kAnything);
  // A number of batches, or a share of them.
  const Json share = {{"type", "string"}, {"pattern", "^(0*[1-9][0-9]*|[0-9.]+%)$"}};
  const Json special = {{"limit", any_of({whole_number(1, 9e15), or_interpolated(share), kNull})}};
  const Json beside = record(job::split_record(), layer, special)["anyOf"][0]["properties"];
  add("source", EntryKind::Dataset, beside);
}

Json transforms(Layer layer) {
  const Json fields = any_of({map_of(some_of(name_in(layer, "transform"))), kNull});
  return closed_map({{"all", fields},
                     {"train", fields},
                     {"eval", fields},
                     {"batch", some_of(name_in(layer, "batch_transform"))}},
                    {}, layer);
}

// The key is there, and not null.
Json given(const char* key) {
  return {{"required", {key}}, {"properties", {{key, {{"not", kNull}}}}}};
}

Json data_section(Layer layer) {
  const Json source = any_of({refer(name_in(layer, "source")), kNull});
  const Json sets = any_of({source, map_of(source)});
  Json special = {{"train", source}, {"val", sets}, {"test", sets}};
  special["transforms"] = any_of({transforms(layer), kNull});
  const Json sampler = any_of({refer(name_in(layer, "sampler")), kNull});
  special["loader"] =
      record(*job::data_record().find("loader")->record, layer, {{"sampler", sampler}});
  const Json out = record(job::data_record(), layer, special);
  return layer == Layer::Part ? out : Json{{"allOf", {out, given("train")}}};
}

Json nan_rule() {
  const Json skip =
      any_of({closed_map({{"max", whole_number(1, 9e15)}}, {"max"}, Layer::Base), kNull});
  return any_of({or_interpolated(enumeration({"stop", "skip", "ignore"})),
                 closed_map({{"skip", skip}}, {"skip"}, Layer::Base), kNull});
}

Json clip_rules(Layer layer) {
  const Json rule = record(job::record_spec(static_cast<job::ClipKeys*>(nullptr)), layer);
  const Json bounds = any_of({given("norm"), given("value"), {{"not", {{"type", "object"}}}}});
  const Json whole = {{"allOf", {rule, bounds, {{"not", {{"type", "null"}}}}}}};
  return any_of({whole, list_of(whole), kNull});
}

// A metric and its value need each other.
Json until_rule(Layer layer) {
  Json out = record(job::record_spec(static_cast<job::UntilKeys*>(nullptr)), layer);
  if (layer == Layer::Base)
    out["anyOf"][0]["dependentRequired"] = {{"metric", {"reaches"}}, {"reaches", {"metric"}}};
  return out;
}

Json phases(Layer layer) {
  const Json number = or_interpolated({{"type", "number"}, {"minimum", 0}});
  const Json patterns = any_of({scalar(), list_of(scalar()), kNull});
  const Json phase = record(job::record_spec(static_cast<job::PhaseKeys*>(nullptr)), layer,
                            {{"freeze", patterns},
                             {"thaw", patterns},
                             {"lr", any_of({number, map_of(number), kNull})},
                             {"optimizer", any_of({refer(name_in(layer, "optimizer")), kNull})},
                             {"until", until_rule(layer)}});
  return any_of({list_of(phase, 1), kNull});
}

Json training_section(Layer layer) {
  Json special = {{"loss", some_of(name_in(layer, "loss"))},
                  {"metrics", some_of(name_in(layer, "metric"))},
                  {"schedule", some_of(name_in(layer, "schedule"))},
                  {"optimizer", refer(name_in(layer, "optimizer"))}};
  const Json every = any_of({interval(), kNull});
  special["nan"] = nan_rule();
  special["clip"] = clip_rules(layer);
  special["phases"] = phases(layer);
  special["max_time"] = any_of({duration(), kNull});
  special["validate"] = any_of({interval(), closed_map({{"every", every}}, {}, layer), kNull});
  Json out = record(job::training_record(), layer, special);
  if (layer == Layer::Part) return out;
  return {{"allOf",
           {out,
            {{"type", "object"}},
            given("optimizer"),
            given("loss"),
            any_of({given("epochs"), given("steps"), given("max_time")})}}};
}

Json sweep_section(Layer layer) {
  const Json number = or_interpolated({{"type", "number"}});
  const Json pair = {{"type", "array"}, {"items", number}, {"minItems", 2}, {"maxItems", 2}};
  const auto range = [&](const char* scale) {
    return closed_map(
        {{scale, pair}, {"n", whole_number(1, 9e15)}, {"integer", {{"type", "boolean"}}}}, {scale},
        layer);
  };
  const Json values = {{"type", "array"}, {"minItems", 1}};
  Json over = map_of(any_of({values, range("log"), range("linear")}));
  over["minProperties"] = 1;
  return record(job::sweep_record(), layer, {{"over", std::move(over)}});
}

Json output_section(Layer layer) {
  Json out = record(job::output_record(), layer);
  // What a checkpoint's record cannot say of its interval.
  Json& checkpoint = out["anyOf"][0]["properties"]["checkpoint"];
  const Json often = any_of({interval(), duration()});
  checkpoint["anyOf"][0]["properties"]["every"] = any_of({often, kNull});
  checkpoint["anyOf"][1] = often;
  Json& observe = out["anyOf"][0]["properties"]["observe"];
  const Json observed = one_or_list_of(scalar());
  observe["anyOf"][0]["properties"]["values"] = observed;
  observe["anyOf"][0]["properties"]["every"] = any_of({interval(), kNull});
  observe["anyOf"][1] = observed;
  Json& samples = out["anyOf"][0]["properties"]["samples"];
  samples["anyOf"][0]["properties"]["every"] = any_of({interval(), kNull});
  return out;
}

Json input_type() {
  std::string dtypes;
  for (const std::string& name : catalog::dtype_names())
    dtypes += (dtypes.empty() ? "" : "|") + name;
  const std::string axis = "\\s*[A-Za-z0-9_]+\\s*(<=\\s*[0-9]+\\s*)?";
  return or_interpolated(
      {{"type", "string"},
       {"pattern", "^\\s*(" + dtypes + ")\\s*\\[\\s*(" + axis + "(," + axis + ")*)?\\s*\\]\\s*$"}});
}

Json state() {
  return record(graph::state_record(), Layer::Base,
                {{"init", any_of({refer("initializer"), kNull})}});
}

Json model_section() {
  const Json path_pair = list_of(scalar(), 2);
  Json out = closed_map(
      {{"name", scalar()},
       {"inputs",
        {{"type", "object"}, {"additionalProperties", input_type()}, {"minProperties", 1}}},
       {"flow", {{"type", "array"}, {"items", refer("step")}, {"minItems", 1}}},
       {"outputs",
        any_of({{{"type", "object"}, {"additionalProperties", scalar()}, {"minProperties", 1}},
                kNull})},
       {"modules", refer("modules")},
       {"tie", any_of({list_of(path_pair), kNull})},
       {"state", any_of({map_of(state()), kNull})},
       {"load", any_of({load_request(true), list_of(load_request(true)), kNull})},
       {"assume", any_of({map_of(whole_number(1, 9e15)), kNull})}},
      {"flow"}, Layer::Base);
  // The inputs may be those of the model that the first step uses.
  out["anyOf"] = {{{"required", {"inputs"}}},
                  {{"properties", {{"flow", {{"prefixItems", {{{"required", {"use"}}}}}}}}}}};
  return out;
}

Json modules_section() {
  return map_of(
      {{"type", "object"},
       {"properties",
        {{"params", {{"type", "object"}}}, {"inputs", kAnything}, {"flow", refer("flow")}}},
       {"required", {"flow"}}});
}

// The sections that a preset may change, as parts.
Json part_sections() {
  Json out = {{"params", kAnything}, {"modules", kAnything}, {"model", kAnything}};
  for (const char* section : {"data", "training", "output"})
    out[section] = refer(std::string("part.") + section);
  return out;
}

// `training.epochs: 3` at the top of a layer.
void allow_dotted(Json& map) {
  map["patternProperties"]["^(params|modules|model|data|training|output|sweep|commands)\\."] =
      kAnything;
}

Json command_kinds() {
  Json preset = part_sections();
  for (const char* key : {"run", "append", "description"}) preset[key] = any_of({scalar(), kNull});
  return {{"anyOf", {scalar(), kNull, {{"type", "object"}, {"properties", std::move(preset)}}}}};
}

Json manifest(Layer layer) {
  const bool is_base = layer == Layer::Base;
  Json sections = {{"description", any_of({scalar(), kNull})}};
  if (is_base) {
    sections["params"] = kAnything;
    sections["modules"] = any_of({refer("modules"), kNull});
    for (const char* section : {"model", "data", "training", "output"})
      sections[section] = refer(section);
    sections["sweep"] = any_of({sweep_section(Layer::Base), kNull});
  } else {
    const Json parts = part_sections();
    for (const auto& [name, value] : parts.items()) sections[name] = value;
    sections["sweep"] = kAnything;
  }
  sections["commands"] = any_of({map_of(refer("command")), kNull});
  sections["inherit-from"] = any_of({scalar(), list_of(scalar()), kNull});
  Json out = closed_map(std::move(sections), {}, layer);
  allow_dotted(out);
  return out;
}

// What a file that inherits nothing needs, and what is then looked at as a whole.
Json whole_manifest() {
  Json needs = Json::object();
  needs["data"] = {"model", "training"};
  needs["training"] = {"model", "data"};
  Json whole = manifest(Layer::Base);
  whole["dependentRequired"] = std::move(needs);
  return {{"type", "object"},
          {"if", {{"required", {"inherit-from"}}}},
          {"then", refer("overlay")},
          {"else", std::move(whole)}};
}

}  // namespace

Json document() {
  Json definitions = Json::object();
  definitions["interpolated"] = {{"type", "string"}, {"pattern", "\\$\\{"}};
  add_groups(definitions);
  for (const Layer layer : {Layer::Base, Layer::Part}) {
    add_choices(definitions, layer);
    definitions[name_in(layer, "data")] = data_section(layer);
    definitions[name_in(layer, "training")] = training_section(layer);
    definitions[name_in(layer, "output")] = output_section(layer);
  }
  definitions["model"] = model_section();
  definitions["modules"] = modules_section();
  definitions["command"] = command_kinds();
  definitions["overlay"] = manifest(Layer::Part);
  add_steps(definitions);
  Json out = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
              {"title", "fdl manifest"},
              {"description",
               "Made by fdl from its own declarations. Overlays and parts of a "
               "manifest are described by #/$defs/overlay."}};
  const Json whole = whole_manifest();
  for (const auto& [key, value] : whole.items()) out[key] = value;
  out["$defs"] = std::move(definitions);
  return out;
}

}  // namespace fdl::commands::schema

namespace fdl::commands {

std::string manifest_schema() { return schema::document().dump(1) + "\n"; }

}  // namespace fdl::commands
