#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "lib/base/result.h"

namespace fdl::format {

// A regular file that is open for reading at any place. Pipes, devices and folders are refused, so
// that opening never blocks and the length means something.
class InputFile {
 public:
  // Errors: `missing` when nothing stands at `path`, else FDL5001.
  static Result<InputFile> open(const std::filesystem::path& path, Code missing = Code::CannotRead);
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&& other) noexcept;
  ~InputFile();

  // Reads from byte `offset` on until `out` is full or the file ends; how many bytes it was.
  // Errors: FDL5001.
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) const;

  // Length when it was opened.
  std::uint64_t num_bytes() const { return num_bytes_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  InputFile(int fd, std::uint64_t num_bytes, std::filesystem::path path);
  int fd_;
  std::uint64_t num_bytes_;
  std::filesystem::path path_;
};

}  // namespace fdl::format
