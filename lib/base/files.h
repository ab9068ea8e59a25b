#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace fdl {

// FDL5001 in the operating system's words, with the way out where there is a usual one.
Diagnostic cannot_read(const std::filesystem::path& path, int error_number);

// FDL5002 likewise.
Diagnostic cannot_write(const std::filesystem::path& path, int error_number);

// The whole file. Errors: FDL5001 (cannot read; also when it is longer than `limit_bytes`).
Result<std::string> read_file(const std::filesystem::path& path,
                              std::uint64_t limit_bytes = UINT64_MAX);

// Receives the bytes of a file that is being written. Errors: FDL5002.
class FileWriter {
 public:
  virtual ~FileWriter() = default;
  virtual Result<void> write(const void* bytes, std::size_t num_bytes) = 0;
};

// Writes `path` so that at any moment either the former file or the whole new one is there:
// temporary name beside it, fsync, rename, fsync of the folder. Errors: FDL5002.
Result<void> write_atomic(const std::filesystem::path& path, std::string_view bytes);

// The same for content that is produced in pieces; an error from `produce` leaves the former file.
Result<void> write_atomic(const std::filesystem::path& path,
                          const std::function<Result<void>(FileWriter&)>& produce);

// Flushes a folder's entries to the disk. Errors: FDL5002.
Result<void> sync_folder(const std::filesystem::path& folder);

// mkdir -p. Errors: FDL5002.
Result<void> make_folders(const std::filesystem::path& folder);

}  // namespace fdl
