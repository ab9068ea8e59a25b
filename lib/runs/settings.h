#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/config/layers.h"

namespace fdl::runs {

// The values of a run's manifest by their dotted paths. A list of plain values is one of them.
using Settings = std::map<std::string, std::string>;

// Errors: those of a manifest that cannot be read.
Result<Settings> settings_of(const std::filesystem::path& run);

// One value, with the place where the run's author wrote it: "fdl.yml:12", "--set".
struct PlacedSetting {
  std::string path, value, origin;
};
// In the order of the manifest. `text` is that of manifest.yml, whose comments are the places.
std::vector<PlacedSetting> placed_settings(const config::Node& root, const std::string& text);

// The name of something, and what each of several runs has there; "" where it has nothing.
struct Row {
  std::string name;
  std::vector<std::string> values;

  bool differs() const;
};
// One row for each name that any of the columns has.
std::vector<Row> rows_of(const std::vector<Settings>& columns);

}  // namespace fdl::runs
