#include "lib/libtorch/home.h"

#include "tests/libtorch/fixture.h"

using fdl::Code;
using fdl::libtorch::activate;
using fdl::libtorch::active_folder;
using fdl::libtorch::find_home;
using fdl::libtorch::list_installed;
using fdl::testing::bytes_of;
using fdl::testing::check_fails;
using fdl::testing::TemporaryFolder;
using fdl::testing::write_file;

namespace fs = std::filesystem;

namespace {

fs::path found(const fs::path& folder, const std::string& fdl_home, const std::string& user_home) {
  const auto home = find_home({folder, fdl_home, user_home});
  REQUIRE(home.has_value());
  return *home;
}

}  // namespace

TEST_CASE("the home is the nearest folder upwards with an active libtorch") {
  const TemporaryFolder root;
  write_file(root.path() / "a/libtorch/.active", "precompiled/cpu\n");
  write_file(root.path() / "a/b/c/file", "");
  CHECK(found(root.path() / "a/b/c", "/x", "/y") == root.path() / "a");
  write_file(root.path() / "a/b/libtorch/.active", "precompiled/cpu\n");
  CHECK(found(root.path() / "a/b/c/", "/x", "/y") == root.path() / "a/b");
}

TEST_CASE("a checkout is a home before anything is installed; one of its two files is not enough") {
  const TemporaryFolder root;
  write_file(root.path() / "fdl.yml", "");
  write_file(root.path() / "sub/file", "");
  CHECK(found(root.path() / "sub", "/x", "/y") == "/x");
  write_file(root.path() / "CMakeLists.txt", "");
  CHECK(found(root.path() / "sub", "/x", "/y") == root.path());
}

TEST_CASE("outside of projects the environment decides") {
  const TemporaryFolder root;
  CHECK(found(root.path(), "/some/where/", "/user") == "/some/where");
  CHECK(found(root.path(), "", "/user") == "/user/.fdl");
  check_fails(find_home({root.path(), "", ""}), Code::LibtorchMissing, "set FDL_HOME");
}

TEST_CASE("the list holds every folder with a lib, sorted, and knows the active one") {
  const TemporaryFolder home;
  CHECK(list_installed(home.path()).empty());
  const fs::path root = home.path() / "libtorch";
  write_file(root / "precompiled/cpu/lib/x", "");
  write_file(root / "precompiled/cpu/build-version", "9.8.7\n");
  write_file(root / "builds/mine/lib/x", "");
  write_file(root / "builds/mine/include/torch/headeronly/version.h",
             "#pragma once\n#define TORCH_VERSION \"9.9.0\"\n");
  write_file(root / "builds/unknown/lib/x", "");
  write_file(root / "precompiled/empty/file", "");
  write_file(root / "precompiled/.staging-1/lib/x", "");
  write_file(root / ".active", "precompiled/cpu\n");
  const auto all = list_installed(home.path());
  REQUIRE(all.size() == 3);
  CHECK(all[0].variant == "builds/mine");
  CHECK(all[0].torch_version == "9.9.0");
  CHECK_FALSE(all[0].active);
  CHECK(all[1].variant == "builds/unknown");
  CHECK(all[1].torch_version == "");
  CHECK(all[2].variant == "precompiled/cpu");
  CHECK(all[2].torch_version == "9.8.7");
  CHECK(all[2].active);
}

TEST_CASE("the active folder is absolute, missing or bad") {
  const TemporaryFolder home;
  check_fails(active_folder(home.path()), Code::LibtorchMissing, "run `fdl libtorch install`");
  const fs::path root = home.path() / "libtorch";
  write_file(root / ".active", "");
  check_fails(active_folder(home.path()), Code::LibtorchMissing, "run `fdl libtorch install`");
  write_file(root / ".active", "precompiled/cpu \r\nanything\n");
  check_fails(active_folder(home.path()), Code::LibtorchBad, "'precompiled/cpu'");
  write_file(root / "precompiled/cpu/lib/x", "");
  const auto folder = active_folder(home.path());
  REQUIRE(folder.has_value());
  CHECK(*folder == root / "precompiled/cpu");
  CHECK(folder->is_absolute());
}

TEST_CASE("a name in .active cannot lead out of the libtorch folder") {
  const TemporaryFolder home;
  write_file(home.path() / "outside/lib/x", "");
  const fs::path active = home.path() / "libtorch/.active";
  write_file(active, "../outside\n");
  check_fails(active_folder(home.path()), Code::LibtorchBad, "'../outside'");
  write_file(active, (home.path() / "outside").string() + "\n");
  check_fails(active_folder(home.path()), Code::LibtorchBad, "outside");
  write_file(active, "precompiled/cpu\n");
  check_fails(activate(home.path(), "../outside"), Code::LibtorchBad, "'../outside'");
  CHECK(bytes_of(active) == "precompiled/cpu\n");
}

TEST_CASE("activating writes one line, and only for a variant that is there") {
  const TemporaryFolder home;
  const fs::path root = home.path() / "libtorch";
  write_file(root / "precompiled/cpu/lib/x", "");
  write_file(root / "builds/mine/lib/x", "");
  REQUIRE(activate(home.path(), "precompiled/cpu").has_value());
  CHECK(bytes_of(root / ".active") == "precompiled/cpu\n");
  check_fails(activate(home.path(), "precompiled/none"), Code::LibtorchBad, "precompiled/none");
  CHECK(bytes_of(root / ".active") == "precompiled/cpu\n");
  REQUIRE(activate(home.path(), "builds/mine").has_value());
  CHECK(bytes_of(root / ".active") == "builds/mine\n");
}
