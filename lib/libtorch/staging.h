#pragma once

#include <filesystem>
#include <string>

#include "lib/base/result.h"

namespace fdl::libtorch {

// The folder beside the variants in which the next one is made: `.staging-<pid>`, on the same file
// system as its target, so that putting it into place is a rename. The destructor removes it. What
// a killed process left behind is put right by the next begin().
class Staging {
 public:
  // Keeps other installs out of this home until it is destroyed; tidies up after dead ones.
  // Errors: CannotWrite.
  static Result<Staging> begin(const std::filesystem::path& home);
  ~Staging();
  Staging(Staging&& other) noexcept;
  Staging& operator=(Staging&&) = delete;

  const std::filesystem::path& folder() const { return folder_; }

  // Replaces `precompiled/<variant>` by `fresh`, a folder inside folder(). At any moment the former
  // or the new one is there; where the file system cannot exchange two folders in one step, a kill
  // between two renames is mended by the next begin(). Errors: CannotWrite; the former one is kept.
  Result<void> put_into_place(const std::filesystem::path& fresh, const std::string& variant);

 private:
  Staging(std::filesystem::path folder, int lock) : folder_(std::move(folder)), lock_(lock) {}

  std::filesystem::path folder_;
  int lock_ = -1;
};

// Removes the staging folders of installs that are dead, and puts back what they had moved aside.
// `is_alone`: we hold the lock of the home, so every other one is dead, whatever has its number now
// (numbers are used again, and a killed process keeps its own until its parent has asked for it).
// Else those whose process is there are kept.
void tidy(const std::filesystem::path& precompiled, bool is_alone);

// put_into_place without the exchange in one step: moves `target` to `aside`, `fresh` to `target`,
// and moves `aside` back when that fails. Errors: CannotWrite.
Result<void> replace_by_renames(const std::filesystem::path& fresh,
                                const std::filesystem::path& target,
                                const std::filesystem::path& aside);

}  // namespace fdl::libtorch
