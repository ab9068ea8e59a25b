#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "lib/runs/summary.h"

namespace fdl::runs {

// The runs of a folder, or some of them, by their ids: the path of each in that folder. An id is
// only ever looked up in the list, so that no text from outside becomes a path. For several threads
// at once.
class RunList {
 public:
  // `chosen`: only these of them; all when it is empty.
  explicit RunList(const std::filesystem::path& folder,
                   const std::vector<std::filesystem::path>& chosen = {});

  const std::filesystem::path& folder() const { return folder_; }
  struct Found {
    std::string id;
    std::filesystem::path path;
  };
  std::vector<Found> list() const;  // by id
  // The folder of the run with that id; empty when there is none.
  std::optional<std::filesystem::path> find(const std::string& id) const;
  // The id of a run's folder, whether or not it is there yet.
  std::string id_of(const std::filesystem::path& run) const;

  // All runs as `fdl runs --json` gives them, each with its "id". What has not changed since the
  // last call is not read again.
  nlohmann::ordered_json summaries();

 private:
  struct Cached {
    std::string stamp;  // of the files that it was made from
    RunSummary summary;
  };
  std::filesystem::path folder_;
  std::vector<std::filesystem::path> chosen_;
  std::mutex mutex_;
  std::map<std::string, Cached> cache_;  // by id
};

}  // namespace fdl::runs
