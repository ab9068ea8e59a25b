#include "lib/libtorch/staging.h"

#include <atomic>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "tests/libtorch/fixture.h"

using fdl::Code;
using fdl::libtorch::replace_by_renames;
using fdl::libtorch::Staging;
using fdl::libtorch::tidy;
using fdl::testing::bytes_of;
using fdl::testing::check_fails;
using fdl::testing::TemporaryFolder;
using fdl::testing::write_file;

namespace fs = std::filesystem;

namespace {

// The number of a process that has ended.
pid_t dead_pid() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  REQUIRE(::waitpid(pid, nullptr, 0) == pid);
  return pid;
}

struct Place {
  TemporaryFolder home;
  fs::path precompiled = home.path() / "libtorch/precompiled";

  fs::path staging_of(pid_t pid) const { return precompiled / (".staging-" + std::to_string(pid)); }
};

}  // namespace

TEST_CASE("a staging folder lies beside the variants and goes with its object") {
  const Place place;
  fs::path folder;
  {
    auto staging = Staging::begin(place.home.path());
    REQUIRE(staging.has_value());
    folder = staging->folder();
    CHECK(folder == place.staging_of(::getpid()));
    write_file(folder / "a/b", "x");
    const Staging moved = std::move(*staging);
    CHECK(fs::exists(folder / "a/b"));
  }
  CHECK_FALSE(fs::exists(folder));
  CHECK(fs::is_empty(place.precompiled));
}

TEST_CASE("with the lock in hand every other staging folder is a dead one's") {
  const Place place;
  for (const pid_t pid : {dead_pid(), ::getpid(), ::getppid()})
    write_file(place.staging_of(pid) / "wheels/torch.whl", "x");
  write_file(place.precompiled / "cpu/lib/x", "former");
  const auto staging = Staging::begin(place.home.path());
  REQUIRE(staging.has_value());
  CHECK(std::distance(fs::directory_iterator(place.precompiled), {}) == 2);
  CHECK(fs::is_empty(place.staging_of(::getpid())));  // made anew
  CHECK(bytes_of(place.precompiled / "cpu/lib/x") == "former");
}

TEST_CASE("where there are no locks the folders of living processes are kept") {
  const Place place;
  const pid_t dead = dead_pid();
  for (const pid_t pid : {dead, ::getpid(), ::getppid()})
    write_file(place.staging_of(pid) / "wheels/torch.whl", "x");
  write_file(place.precompiled / ".staging-odd/x", "x");
  tidy(place.precompiled, false);
  CHECK(fs::exists(place.staging_of(::getppid()) / "wheels/torch.whl"));
  CHECK_FALSE(fs::exists(place.staging_of(dead)));
  CHECK_FALSE(fs::exists(place.staging_of(::getpid())));  // of a former process of our number
  CHECK_FALSE(fs::exists(place.precompiled / ".staging-odd"));
}

TEST_CASE("one install at a time in one home") {
  const Place place;
  {
    const auto first = Staging::begin(place.home.path());
    REQUIRE(first.has_value());
    check_fails(Staging::begin(place.home.path()), Code::CannotWrite, "another install is at work");
    CHECK(fs::exists(first->folder()));
  }
  CHECK(Staging::begin(place.home.path()).has_value());
}

TEST_CASE("the former variant is there until the new one is") {
  const Place place;
  write_file(place.precompiled / "cpu/lib/x", "former");
  const auto look = [&] {
    std::ifstream in(place.precompiled / "cpu/lib/x");
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  std::atomic<bool> is_over = false;
  std::atomic<int> num_missing = 0;
  std::thread watcher([&] {
    while (!is_over) {
      if (look().rfind("f", 0) != 0 && look().rfind("new", 0) != 0) ++num_missing;
    }
  });
  bool all_good = true;
  for (int i = 0; i < 200; ++i) {
    auto staging = Staging::begin(place.home.path());
    all_good = all_good && staging.has_value();
    if (!all_good) break;
    write_file(staging->folder() / "cpu/lib/x", "new " + std::to_string(i));
    all_good = staging->put_into_place(staging->folder() / "cpu", "cpu").has_value();
    all_good = all_good && look() == "new " + std::to_string(i);
  }
  is_over = true;
  watcher.join();
  CHECK(all_good);
  CHECK(num_missing == 0);
}

TEST_CASE("without an exchange in one step: aside, in, and back when that fails") {
  const TemporaryFolder folder;
  const fs::path fresh = folder.path() / "fresh", target = folder.path() / "cpu";
  const fs::path aside = folder.path() / "former-cpu";
  write_file(target / "x", "former");
  check_fails(replace_by_renames(fresh, target, aside), Code::CannotWrite, "No such file");
  CHECK(bytes_of(target / "x") == "former");
  CHECK_FALSE(fs::exists(aside));
  write_file(fresh / "x", "new");
  REQUIRE(replace_by_renames(fresh, target, aside).has_value());
  CHECK(bytes_of(target / "x") == "new");
  CHECK(bytes_of(aside / "x") == "former");
}

TEST_CASE("a process killed between the two renames is mended by the next install") {
  const Place place;
  const fs::path dead = place.staging_of(dead_pid());
  write_file(dead / "former-cpu/lib/x", "former");
  write_file(dead / "cpu/lib/x", "new");
  { CHECK(Staging::begin(place.home.path()).has_value()); }
  CHECK(bytes_of(place.precompiled / "cpu/lib/x") == "former");
  CHECK_FALSE(fs::exists(dead));
}

TEST_CASE("a process killed after both renames leaves the new one in place and nothing else") {
  const Place place;
  const fs::path dead = place.staging_of(dead_pid());
  write_file(dead / "former-cpu/lib/x", "former");
  write_file(place.precompiled / "cpu/lib/x", "new");
  { CHECK(Staging::begin(place.home.path()).has_value()); }
  CHECK(bytes_of(place.precompiled / "cpu/lib/x") == "new");
  CHECK_FALSE(fs::exists(dead));
}

TEST_CASE("a process killed after both renames leaves the new variant, and the former one goes") {
  const Place place;
  const fs::path dead = place.staging_of(dead_pid());
  write_file(dead / "former-cpu/lib/x", "former");
  write_file(place.precompiled / "cpu/lib/x", "new");
  { CHECK(Staging::begin(place.home.path()).has_value()); }
  CHECK(bytes_of(place.precompiled / "cpu/lib/x") == "new");
  CHECK_FALSE(fs::exists(dead));
}

TEST_CASE("a home below a file is refused") {
  const TemporaryFolder folder;
  const fs::path home = folder.file("file", "x");
  const auto staging = Staging::begin(home);
  REQUIRE_FALSE(staging.has_value());
  CHECK(staging.error().code == Code::CannotWrite);
}
