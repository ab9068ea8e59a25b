#pragma once

#include <string>
#include <vector>

#include "lib/config/merge.h"
#include "lib/config/tree.h"

namespace fdl::config {

// The tree as YAML that reads back as the same tree; each leaf ends in a comment with the place
// it came from ("# fdl.yml:12", "# --set", "# default"). Deletions appear as comments at the end.
std::string to_yaml_with_origins(const Node& root, const std::vector<Deletion>& deletions);

// The tree as JSON: numbers and booleans typed by the YAML 1.2 core schema, or with `origins`
// each leaf as {"value": ..., "origin": "..."}. `indent` < 0 gives one line.
std::string to_json(const Node& root, bool origins, int indent = 2);

// One value the way `config get` prints it: a scalar bare, anything else as YAML.
std::string to_plain(const Node& node);

// "fdl.yml:12" or "fdl.yml:12 via fdl.yml:3": where the value came from.
std::string origin_of(const Node& node);

}  // namespace fdl::config
