#pragma once

#include <string>
#include <vector>

#include "commands/context.h"
#include "commands/manifest_choice.h"

// The actions of `fdl data`.
namespace fdl::commands {

struct DataOptions {
  ManifestChoice manifest;  // its words: the action, then what it works on
  std::string data = "train";
  std::int64_t samples = 5;
  std::string sheet;
  bool no_sheet = false;
  std::string from, to;
  std::vector<std::string> mirror;
  bool json = false;
};

// Each gives an exit code; the action is no longer among the words.
int list_data(const DataOptions& options, Context& context);
int fetch_data(const DataOptions& options, Context& context);
int show_data(const DataOptions& options, Context& context);
int stats_of_data(const DataOptions& options, Context& context);

// Where known data sets are kept: the folder of the nearest manifest, else the current one.
std::filesystem::path project_folder(const Context& context);

}  // namespace fdl::commands
