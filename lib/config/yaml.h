#pragma once

#include <memory>
#include <optional>
#include <string>

#include "lib/base/diagnostic.h"
#include "lib/config/tree.h"

namespace fdl::config {

// Limits that hold for every text read as YAML.
constexpr std::size_t kLongestManifestBytes = std::size_t{4} << 20;
constexpr int kDeepestNesting = 64;
constexpr std::size_t kMostAliasExpansion = 64;  // expanded nodes per written node

// Reads one YAML 1.2 document. Problems (FDL10xx) go to `problems`; the result is empty when the
// text cannot be read at all. A document without content is a Null node.
std::optional<Node> read_yaml(std::shared_ptr<const Source> source, Diagnostics& problems);

// Reads a manifest file: as above, and it must be a map. `shown_name` is how messages call it.
std::optional<Node> read_manifest_file(const std::string& path, const std::string& shown_name,
                                       Diagnostics& problems);

}  // namespace fdl::config
