#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "lib/base/process.h"
#include "lib/base/result.h"
#include "lib/libtorch/release.h"

namespace fdl::libtorch {

// pip's command line for the wheels of a release, into `folder`.
ProcessSpec download_command(const Release& release, const std::filesystem::path& folder);

// Downloads the wheels of a release into `folder` (which must exist) with Python's pip. `progress`
// receives the bytes that have arrived, on the calling thread. The files' hashes are not checked
// here. Errors: LibtorchDownload, with the last lines of what pip said.
Result<void> download_wheels(const Release& release, const std::filesystem::path& folder,
                             const std::function<void(std::uint64_t done_bytes)>& progress);

}  // namespace fdl::libtorch
