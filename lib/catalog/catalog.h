#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/diagnostic.h"
#include "lib/catalog/entry_spec.h"
#include "lib/catalog/module_spec.h"
#include "lib/config/tree.h"

// The lists of what exists. One line per entry in lib/catalog/<kind>.inc; declarations are built
// on first use, so a start-up pays only for what a manifest names.
namespace fdl::catalog {

// The module of that name, or null.
const ModuleSpec* find_module(std::string_view name);
std::vector<std::string> module_names();

enum class EntryKind {
  Loss,
  Metric,
  Optimizer,
  Schedule,
  Dataset,
  Transform,
  BatchTransform,
  Sampler,
  Initializer,
  Parametrization
};
std::string_view to_string(EntryKind kind);  // "loss"
std::vector<EntryKind> all_entry_kinds();
const EntrySpec* find_entry(EntryKind kind, std::string_view name);
std::vector<std::string> entry_names(EntryKind kind);
// The names under which the entries of a kind compare tensors: "output", "target", "var".
std::vector<std::string> compared_names(EntryKind kind);

// Reads a choice: a bare name, or a map with one name over its parameters; keys in `common` are
// passed over. Problems: FDL2008, FDL2009 and those of binding.
std::optional<Choice> read_choice(EntryKind kind, const config::Node& node,
                                  const std::vector<std::string>& common, Diagnostics& problems);

}  // namespace fdl::catalog
