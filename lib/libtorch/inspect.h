#pragma once

#include <filesystem>
#include <string>

#include "lib/base/result.h"
#include "lib/libtorch/release.h"

namespace fdl::libtorch {

// The version that a libtorch folder names, without the part after '+': from `version.py` (a
// wheel's), `build-version` or the headers. Empty when none of them tells.
std::string torch_version(const std::filesystem::path& folder);

// Whether the folder looks like what `install` writes for this release: its build-version, the
// files that every program needs, and the libraries of a release with CUDA.
bool is_whole(const std::filesystem::path& folder, const Release& release);

// Checks an unpacked libtorch before it is put into place: the files that every program needs, the
// version, the variant, and the CUDA libraries that it loads. `from` is what
// the user gave, for the message. Errors: LibtorchSource.
Result<void> check_unpacked(const std::filesystem::path& folder, const Release& release,
                            const std::filesystem::path& from);

}  // namespace fdl::libtorch
