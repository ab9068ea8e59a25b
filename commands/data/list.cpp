#include <nlohmann/json.hpp>

#include "commands/data/data.h"
#include "lib/config/layers.h"
#include "lib/fetch/known_sets.h"

namespace fdl::commands {

namespace fs = std::filesystem;

fs::path project_folder(const Context& context) {
  const Result<fs::path> manifest = config::find_manifest(context.folder);
  return manifest ? manifest->parent_path() : context.folder;
}

int list_data(const DataOptions& options, Context& context) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  std::string text;
  for (const fetch::KnownSet& set : fetch::known_sets()) {
    const auto folder = fetch::find_folder(set, project_folder(context));
    rows.push_back({{"name", set.name}, {"folder", nullptr}});
    if (folder) rows.back()["folder"] = folder->string();
    text += fmt::format(
        "{:<16} {}\n", set.name,
        folder ? folder->string() : fmt::format("not here; `fdl data fetch {}`", set.name));
  }
  context.print(options.json ? rows.dump() + "\n" : text);
  return 0;
}

}  // namespace fdl::commands
