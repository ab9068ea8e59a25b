#include "lib/base/file_lock.h"

#include <signal.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "lib/base/process.h"
#include "tests/temporary_folder.h"

namespace fdl {

using testing::TemporaryFolder;

TEST_CASE("a lock is held once, and asking about it takes nothing") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "lock";
  CHECK(!FileLock::is_held(file));
  auto first = FileLock::try_take(file);
  REQUIRE(first.has_value());
  REQUIRE(first->has_value());
  CHECK(FileLock::is_held(file));
  CHECK(FileLock::holder(file) == ::getpid());
  CHECK(!FileLock::try_take(file)->has_value());
  first->reset();
  CHECK(!FileLock::is_held(file));
  CHECK(FileLock::try_take(file)->has_value());
}

TEST_CASE("a started program holds the lock that it inherits until it ends, even when killed") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "lock";
  auto lock = FileLock::try_take(file);
  REQUIRE(lock->has_value());
  ProcessSpec spec;
  spec.program = "sleep";
  spec.arguments = {"1000"};
  spec.inherited_fd = (*lock)->descriptor();
  auto process = Process::start(spec);
  REQUIRE(process.has_value());
  lock->reset();
  CHECK(FileLock::is_held(file));
  process->send_signal(SIGKILL);
  process->wait();
  CHECK(!FileLock::is_held(file));
}

TEST_CASE("a lock that cannot be written is a problem with a place") {
  const auto taken = FileLock::try_take("/nowhere/lock");
  REQUIRE(!taken.has_value());
  CHECK(taken.error().code == Code::CannotWrite);
}

}  // namespace fdl
