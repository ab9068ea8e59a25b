#include "lib/job/sources/known.h"

#include "lib/base/check.h"
#include "lib/base/closest.h"
#include "lib/fetch/known_sets.h"

namespace fdl::job {

namespace fs = std::filesystem;

Result<fs::path> known_folder(const SourceContext& context, const std::string& path) {
  const fetch::KnownSet* set = fetch::find_known(context.split.source.name());
  FDL_CHECK(set != nullptr);
  if (!path.empty()) return context.path(path);
  if (const auto found = fetch::find_folder(*set, context.job.folder)) return *found;
  std::vector<std::string> places;
  for (const fs::path& folder : fetch::search_folders(*set, context.job.folder))
    places.push_back(folder.lexically_proximate(context.job.folder).string().starts_with("..")
                         ? folder.string()
                         : folder.lexically_proximate(context.job.folder).string());
  Diagnostic d = error(Code::DataMissing, context.span(),
                       "the data source '{}' is not there: neither '{}' nor '{}' has its files",
                       set->name, places[0], places[1]);
  d = std::move(d).help("`fdl data fetch {}` downloads it", set->name);
  if (!set->package.empty())
    d = std::move(d).note("`apt-get install {}` brings it too", set->package);
  return fail(std::move(d).note("`path:` names another folder that has them"));
}

std::shared_ptr<const std::vector<std::string>> words(std::vector<std::string> names) {
  return std::make_shared<const std::vector<std::string>>(std::move(names));
}

}  // namespace fdl::job
