#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "commands/context.h"
#include "lib/config/layers.h"

namespace fdl::commands {

// How a command is told which manifest to read and what to change in it: the options that every
// such command shares, and words that are a file, a name or key=value.
struct ManifestChoice {
  std::vector<std::string> words;
  std::string env;
  std::string preset;
  std::vector<std::string> sets;

  void declare(CLI::App& app);
};

// The words taken apart.
struct ChosenManifest {
  std::filesystem::path file;
  config::Selection selection;
  std::vector<std::string> names;  // words that are neither a file nor key=value
};

Result<ChosenManifest> choose_manifest(const ManifestChoice& choice, const Context& context);

// Loads it with the language's merge rules. Problems are added; empty when there is no tree.
std::optional<config::Manifest> load(const ChosenManifest& chosen, const Context& context,
                                     Diagnostics& problems);

}  // namespace fdl::commands
