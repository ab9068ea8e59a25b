#pragma once

#include <filesystem>
#include <string>
#include <unistd.h>

namespace fdl::commands {

// A folder for a run that is there only while the engine looks: made by create_run, and removed in
// the end.
class PassingRun {
 public:
  PassingRun()
      : folder_(std::filesystem::temp_directory_path() /
                ("fdl-run-" + std::to_string(::getpid()))) {}
  PassingRun(const PassingRun&) = delete;
  PassingRun& operator=(const PassingRun&) = delete;
  ~PassingRun() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}  // namespace fdl::commands
