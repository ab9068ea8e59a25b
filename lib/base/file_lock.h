#pragma once

#include <filesystem>
#include <optional>

#include "lib/base/result.h"

namespace fdl {

// A file that only one program at a time can hold. The lock goes with its descriptor: a started
// program that inherits it (ProcessSpec::inherited_fd) holds it too, and it is free as soon as all
// of them have ended, however they did. The file itself stays.
class FileLock {
 public:
  // Empty when another program holds it. Errors: FDL5002.
  static Result<std::optional<FileLock>> try_take(const std::filesystem::path& file);
  // Whether somebody else holds it; takes nothing. False where there is no such file.
  static bool is_held(const std::filesystem::path& file);
  // The program that took it last, as far as it could be written down; 0 otherwise.
  static int holder(const std::filesystem::path& file);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();
  int descriptor() const { return fd_; }

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace fdl
