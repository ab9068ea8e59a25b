#pragma once

#include <filesystem>
#include <string>

#include "lib/base/result.h"

namespace fdl {

// A new folder in the system's place for temporary files, gone with this object.
class ScratchFolder {
 public:
  // `purpose` is a part of its name. Errors: FDL5002.
  static Result<ScratchFolder> make(const std::string& purpose);

  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::move(other.path_)) {
    other.path_.clear();
  }
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

}  // namespace fdl
