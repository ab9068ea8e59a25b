#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace fdl::archive {

// The most an archive may unpack to; the whole torch wheel is an eighth of it.
inline constexpr std::uint64_t kUnpackLimitBytes = std::uint64_t{8} << 30;

enum class Format { Zip, TarGz };

struct UnpackJob {
  std::filesystem::path archive;
  Format format = Format::Zip;   // wheels are zip files
  std::filesystem::path folder;  // must exist
  // Where an entry goes below `folder`; an empty answer leaves it out.
  std::function<std::string(std::string_view entry)> place;
  // Receives how many bytes of the archive have been read so far.
  std::function<void(std::uint64_t read_bytes)> progress;
  std::uint64_t limit_bytes = kUnpackLimitBytes;
  Code damaged = Code::LibtorchSource;  // what a damaged archive is told as
};

// Unpacks an archive with a fixed amount of memory. Refuses the whole archive for an entry with
// an absolute path, a `..` segment, a link, a device, a name that is there twice, more bytes than
// it declares, or a total above the limit. What was written before stays: unpack into a folder
// that can be thrown away. Loads libfdl_unpack.so, from beside the running program or from the
// build tree. Errors: ArchiveUnsafe, `damaged`, CannotWrite, CannotRead (the library is missing).
Result<void> unpack(const UnpackJob& job);

}  // namespace fdl::archive
