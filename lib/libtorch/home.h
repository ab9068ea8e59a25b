#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/result.h"

// Where libtorch lives. A home is a folder that holds
//   libtorch/.active                        one line, "precompiled/cpu"
//   libtorch/precompiled/<variant>/{lib,include,share,.arch,build-version}
//   libtorch/builds/<name>/...              the same, built from source

namespace fdl::libtorch {

// What the search for a home starts from; the caller reads the environment.
struct HomeSearch {
  std::filesystem::path folder;  // usually the current one
  std::string fdl_home;          // $FDL_HOME; empty when it is not set
  std::string user_home;         // $HOME; empty when it is not set
};

// The nearest folder, from `folder` upwards, that has `libtorch/.active` or is a checkout of fdl
// (`CMakeLists.txt` beside `fdl.yml`); else `fdl_home`; else `.fdl` in `user_home`. Absolute; it
// need not exist. Errors: LibtorchMissing (no variable to fall back on).
Result<std::filesystem::path> find_home(const HomeSearch& search);

// A variant that is there: a folder with a `lib` inside.
struct Installed {
  std::string variant;  // "precompiled/cpu"
  bool active = false;
  std::string torch_version;  // "2.11.0"; empty when the folder does not tell
};

// All variants, by name.
std::vector<Installed> list_installed(const std::filesystem::path& home);

// The absolute folder of the active libtorch. Errors: LibtorchMissing (none is active),
// LibtorchBad (`.active` names a folder that is none), CannotRead.
Result<std::filesystem::path> active_folder(const std::filesystem::path& home);

// Makes a variant the active one. Errors: LibtorchBad (no such variant), CannotWrite.
Result<void> activate(const std::filesystem::path& home, const std::string& variant);

// `<home>/libtorch`, absolute.
std::filesystem::path libtorch_root(const std::filesystem::path& home);

}  // namespace fdl::libtorch
