#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/libtorch/release.h"

namespace fdl::libtorch {

enum class OriginKind {
  Wheels,  // torch's wheel first, then those with the CUDA libraries it needs
  Zip,     // a libtorch zip: everything below `libtorch/`
  Folder,  // an unpacked libtorch, or the `torch` folder of a Python installation
};

// What an installation is made from.
struct Origin {
  OriginKind kind = OriginKind::Wheels;
  std::vector<std::filesystem::path> files;  // one, but for Wheels
};

// Finds out what `from` is: a torch wheel (its companions are looked for beside it), a libtorch
// zip, a folder of wheels, or an unpacked libtorch. Errors: LibtorchSource.
Result<Origin> find_origin(const std::filesystem::path& from, const Release& release);

// The wheels of the release in a folder they were downloaded to; find_origin's Wheels.
Origin pinned_wheels(const std::filesystem::path& folder, const Release& release);

// Where an entry of an archive, or a file of an unpacked folder, goes below the variant's folder.
// Empty for what the release does without: Python's files, and libraries that it leaves out. `file`
// is the archive it comes from.
std::string place_of(const Release& release, OriginKind kind, const std::filesystem::path& file,
                     std::string_view entry);

}  // namespace fdl::libtorch
