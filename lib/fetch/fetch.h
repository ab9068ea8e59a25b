#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/fetch/known_sets.h"

namespace fdl::fetch {

enum class FetchStep { Downloading, Checking, Unpacking };

struct FetchProgress {
  FetchStep step;
  std::string file;
  std::uint64_t done_bytes = 0;
};

struct FetchRequest {
  const KnownSet* set = nullptr;
  std::filesystem::path folder;      // where its files go
  std::filesystem::path from;        // a file or folder that has them; empty: download
  std::vector<std::string> mirrors;  // in the place of the set's own; empty: those
  std::function<void(const FetchProgress&)> progress;
};

struct FetchReport {
  std::vector<std::filesystem::path> written;  // empty when all were there already
};

// Puts the files of a set into `folder`, each checked before it takes its name: at any moment the
// folder has whole files only, beside one `.<file>.part` that the next call goes on with. What is
// there and whole is left alone. Errors: FDL5103 (with what curl said, mirror by mirror), FDL5104,
// FDL5101 (`from` has not what is needed), FDL5102, FDL5304, FDL5001, FDL5002.
Result<FetchReport> fetch(const FetchRequest& request);

}  // namespace fdl::fetch
