#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/config/layers.h"
#include "lib/config/yaml.h"

// Manifests written inside tests.
namespace fdl::testing {

// The codes of all problems, by place: {"FDL1002", "FDL2001"}.
inline std::vector<std::string> codes(const Diagnostics& problems) {
  std::vector<std::string> out;
  for (const Diagnostic& d : problems.sorted()) out.push_back(to_string(d.code));
  return out;
}

inline std::optional<config::Node> read_text(const std::string& text, Diagnostics& problems) {
  return config::read_yaml(std::make_shared<const Source>(Source{"fdl.yml", text, true}), problems);
}

// A text that is meant to be fine.
inline config::Node tree_of(const std::string& text) {
  Diagnostics problems;
  std::optional<config::Node> root = read_text(text, problems);
  if (!root || !problems.empty()) throw std::runtime_error(to_text(problems, false) + text);
  return *root;
}

// Merged and resolved as load_manifest does it, but for the files.
inline config::Manifest manifest_of(const std::string& text, Diagnostics& problems,
                                    const config::Environment& environment = {}) {
  config::Manifest out;
  out.root = tree_of(text);
  out.folder = "/";
  config::expand_dotted_keys(out.root, problems);
  config::Interpolator(out.root, environment, problems).resolve_root(config::late_sections());
  return out;
}

}  // namespace fdl::testing
