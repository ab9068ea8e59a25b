#include "lib/runs/run_list.h"

#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "lib/job/run_folder.h"

namespace fdl::runs {
namespace {

namespace fs = std::filesystem;

// Changes when one of the files does that a summary is made from, or when the run ends.
std::string stamp_of(const fs::path& run) {
  std::string out = job::is_running(run) ? "running" : "";
  for (const char* file : {"events.jsonl", "notes.json", "manifest.yml"}) {
    struct stat found {};
    if (::stat((run / file).c_str(), &found) == 0)
      out += fmt::format(" {}:{}:{}.{}", found.st_ino, found.st_size, found.st_mtim.tv_sec,
                         found.st_mtim.tv_nsec);
  }
  return out;
}

// One way to write each path, so that one is told to lie in another.
fs::path plain(const fs::path& path) {
  std::error_code code;
  const fs::path out = fs::absolute(path, code).lexically_normal();
  return out.has_filename() ? out : out.parent_path();
}

}  // namespace

RunList::RunList(const fs::path& folder, const std::vector<fs::path>& chosen)
    : folder_(plain(folder)) {
  for (const fs::path& run : chosen) chosen_.push_back(plain(run));
}

std::string RunList::id_of(const fs::path& run) const {
  const std::string id = plain(run).lexically_relative(folder_).generic_string();
  return id == "." || id.empty() ? run.filename().string() : id;
}

std::vector<RunList::Found> RunList::list() const {
  std::vector<Found> out;
  for (const fs::path& run : chosen_.empty() ? job::list_runs(folder_) : chosen_)
    out.push_back({id_of(run), run});
  return out;
}

std::optional<fs::path> RunList::find(const std::string& id) const {
  for (const Found& found : list()) {
    if (found.id == id) return found.path;
  }
  return std::nullopt;
}

nlohmann::ordered_json RunList::summaries() {
  const std::vector<Found> all = list();
  const std::lock_guard lock(mutex_);
  std::map<std::string, Cached> kept;
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const Found& found : all) {
    std::string stamp = stamp_of(found.path);
    const auto former = cache_.find(found.id);
    const bool is_same = former != cache_.end() && former->second.stamp == stamp;
    Cached now =
        is_same ? std::move(former->second) : Cached{std::move(stamp), summarize(found.path)};
    nlohmann::ordered_json one = {{"id", found.id}};
    one.update(to_json(now.summary));
    out.push_back(std::move(one));
    kept.emplace(found.id, std::move(now));
  }
  cache_ = std::move(kept);
  return out;
}

}  // namespace fdl::runs
