#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/job/sources/inspect.h"

// What the sources of known data sets share. Inside this folder only.
namespace fdl::job {

// The folder of a known set: `path` where it is given, else the first place that has it. FDL5101
// names the places and the ways to get it.
Result<std::filesystem::path> known_folder(const SourceContext& context, const std::string& path);

// What the classes of a set are called.
std::shared_ptr<const std::vector<std::string>> words(std::vector<std::string> names);

}  // namespace fdl::job
