#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "lib/catalog/catalog.h"

// The parts that the JSON Schema is made of. Internal to this folder.
namespace fdl::commands::schema {

using Json = nlohmann::ordered_json;

// Base describes a manifest by itself. A part is laid over another one (an overlay, a preset): it
// needs nothing, and null takes away.
enum class Layer { Base, Part };

Json refer(const std::string& definition);
Json any_of(std::vector<Json> alternatives);
Json enumeration(const std::vector<std::string>& words);  // as YAML reads them: `false` is no text
Json scalar();                                            // a text, number or boolean
Json whole_number(double low, double high);
Json list_of(Json item, std::size_t least = 0);
Json one_or_list_of(const Json& item, std::size_t least = 0);
Json map_of(const Json& value);
// A map of these keys alone; each may end in `+` or `!`, which say how layers merge.
Json closed_map(Json properties, const std::vector<std::string>& required, Layer layer);

// A value, or `${...}`.
Json or_interpolated(Json value);
// What a field takes.
Json field(const config::FieldSpec& field, Layer layer);
// What a record takes: a map, a bare value for its main field, or null. `special` replaces what
// single fields take, and adds keys that the record itself does not have.
Json record(const config::RecordSpec& record, Layer layer, const Json& special = Json::object());

// A name, or a map of one name to its parameters, with those keys beside it.
Json choice(catalog::EntryKind kind, const Json& beside, Layer layer);

// "group.adamw", ...: what each optimizer with groups takes in one of them.
void add_groups(Json& definitions);

// What `load:` takes, beside a step or of a model.
Json load_request(bool has_path);

// The whole schema.
Json document();

// The definitions of steps and all that they are made of: "flow", "step", "module.linear", ...
void add_steps(Json& definitions);

}  // namespace fdl::commands::schema
