#include "lib/base/files.h"

#include <csignal>
#include <iterator>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/temporary_folder.h"

using fdl::Code;
using fdl::error;
using fdl::fail;
using fdl::FileWriter;
using fdl::make_folders;
using fdl::read_file;
using fdl::Result;
using fdl::sync_folder;
using fdl::write_atomic;
using fdl::testing::bytes_of;
using fdl::testing::TemporaryFolder;

namespace fs = std::filesystem;

namespace {

long num_entries(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

// No file of this process may grow beyond so many bytes: writes fail as on a full disk.
class SizeLimit {
 public:
  explicit SizeLimit(rlim_t num_bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &former_);
    const rlimit limit{num_bytes, former_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  SizeLimit(const SizeLimit&) = delete;
  SizeLimit& operator=(const SizeLimit&) = delete;
  ~SizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &former_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit former_{};
};

}  // namespace

TEST_CASE("read_file returns every byte, NULs and bad UTF-8 included") {
  const TemporaryFolder folder;
  const std::string bytes("a\0\xff\r\n", 5);
  CHECK(*read_file(folder.file("five", bytes)) == bytes);
  CHECK(*read_file(folder.file("empty", "")) == "");
  const std::string large(200000, 'x');
  CHECK(*read_file(folder.file("large", large)) == large);
}

TEST_CASE("FDL5001: read_file stops at its limit") {
  const TemporaryFolder folder;
  const fs::path file = folder.file("five", "12345");
  CHECK(read_file(file, 5).has_value());
  const Result<std::string> refused = read_file(file, 4);
  REQUIRE(!refused);
  CHECK(refused.error().code == Code::CannotRead);
  CHECK(refused.error().message ==
        "cannot read '" + file.string() + "': it is longer than 4 bytes");
  CHECK(!read_file("/dev/zero", 100000));  // has no size of its own, and no end
}

TEST_CASE("read_file says what is wrong with the path") {
  const TemporaryFolder folder;
  CHECK(read_file(folder.path() / "none").error().message.ends_with("No such file or directory"));
  CHECK(read_file(folder.path()).error().message.ends_with("it is a folder"));
}

TEST_CASE("write_atomic makes a file and replaces one, leaving nothing else") {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "state.json";
  REQUIRE(write_atomic(file, "first").has_value());
  CHECK(bytes_of(file) == "first");
  REQUIRE(write_atomic(file, "second, and longer").has_value());
  CHECK(bytes_of(file) == "second, and longer");
  REQUIRE(write_atomic(file, "").has_value());
  CHECK(bytes_of(file) == "");
  CHECK(num_entries(folder.path()) == 1);
}

TEST_CASE("write_atomic joins what arrives in pieces") {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "pieces";
  const auto produce = [](FileWriter& out) -> Result<void> {
    for (int i = 0; i < 1000; ++i) FDL_TRY(out.write("abc", 3));
    return out.write("", 0);
  };
  REQUIRE(write_atomic(file, produce).has_value());
  CHECK(bytes_of(file).size() == 3000);
}

TEST_CASE("the former file is whole until the new one is") {
  const TemporaryFolder folder;
  const fs::path file = folder.file("state", "former");
  std::string seen_meanwhile;
  const auto produce = [&](FileWriter& out) -> Result<void> {
    FDL_TRY(out.write("new", 3));
    seen_meanwhile = bytes_of(file);
    return {};
  };
  REQUIRE(write_atomic(file, produce).has_value());
  CHECK(seen_meanwhile == "former");
  CHECK(bytes_of(file) == "new");
}

TEST_CASE("an error from the producer is passed on and leaves the former file alone") {
  const TemporaryFolder folder;
  const fs::path file = folder.file("state", "former");
  const auto produce = [](FileWriter& out) -> Result<void> {
    FDL_TRY(out.write("half", 4));
    return fail(error(Code::DataCorrupt, {}, "the other half is missing"));
  };
  const Result<void> outcome = write_atomic(file, produce);
  REQUIRE(!outcome);
  CHECK(outcome.error().message == "the other half is missing");
  CHECK(bytes_of(file) == "former");
  CHECK(num_entries(folder.path()) == 1);
}

TEST_CASE("FDL5002: a write that the system cuts short leaves the former file alone") {
  const TemporaryFolder folder;
  const fs::path file = folder.file("state", "former");
  const std::string large(1 << 20, 'x');
  Result<void> outcome;
  {
    const SizeLimit limit(100000);
    outcome = write_atomic(file, large);
  }
  REQUIRE(!outcome);
  CHECK(outcome.error().code == Code::CannotWrite);
  CHECK(outcome.error().message == "cannot write '" + file.string() + "': File too large");
  CHECK(bytes_of(file) == "former");
  CHECK(num_entries(folder.path()) == 1);
}

TEST_CASE("a full disk is told as such and leaves the former file alone") {
  const TemporaryFolder folder;
  const fs::path file = folder.file("state", "former");
  // The temporary file's name leads to the device on which every write finds the disk full.
  fs::create_symlink("/dev/full", file.string() + ".tmp-" + std::to_string(::getpid()));
  const Result<void> outcome = write_atomic(file, "new");
  REQUIRE(!outcome);
  CHECK(outcome.error().code == Code::CannotWrite);
  CHECK(outcome.error().message == "cannot write '" + file.string() + "': No space left on device");
  CHECK(outcome.error().help_text == "free some space and try again");
  CHECK(bytes_of(file) == "former");
  CHECK(num_entries(folder.path()) == 1);
}

TEST_CASE("what a killed process left under the temporary name is not mixed in") {
  const TemporaryFolder folder;
  folder.file("state.tmp-" + std::to_string(::getpid()), "left over, and long");
  REQUIRE(write_atomic(folder.path() / "state", "new").has_value());
  CHECK(bytes_of(folder.path() / "state") == "new");
  CHECK(num_entries(folder.path()) == 1);
}

TEST_CASE("write_atomic says where it cannot write") {
  const TemporaryFolder folder;
  const fs::path nowhere = folder.path() / "none" / "state";
  CHECK(write_atomic(nowhere, "x").error().message ==
        "cannot write '" + nowhere.string() + "': No such file or directory");
  fs::create_directory(folder.path() / "folder");
  CHECK(write_atomic(folder.path() / "folder", "x").error().message.ends_with("Is a directory"));
  CHECK(num_entries(folder.path()) == 1);
}

TEST_CASE("an unwritable folder comes with the way out") {
  const TemporaryFolder folder;
  REQUIRE(::chmod(folder.path().c_str(), 0555) == 0);
  constexpr uid_t kNobody = 65534;  // root may write everywhere, so root becomes somebody else
  const bool is_root = ::geteuid() == 0;
  if (is_root) REQUIRE(::seteuid(kNobody) == 0);
  const Result<void> outcome = write_atomic(folder.path() / "x", "x");
  if (is_root) REQUIRE(::seteuid(0) == 0);
  REQUIRE(!outcome);
  CHECK(outcome.error().message.ends_with("Permission denied"));
  CHECK(outcome.error().help_text == "check the permissions of the folder, or choose another");
}

TEST_CASE("make_folders makes parents, accepts what is there, and names what is in the way") {
  const TemporaryFolder folder;
  const fs::path deep = folder.path() / "a" / "b" / "c";
  CHECK(make_folders(deep).has_value());
  CHECK(fs::is_directory(deep));
  CHECK(make_folders(deep).has_value());
  const fs::path blocked = folder.file("file", "") / "below";
  const Result<void> outcome = make_folders(blocked);
  REQUIRE(!outcome);
  CHECK(outcome.error().code == Code::CannotWrite);
  CHECK(outcome.error().message == "cannot write '" + blocked.string() + "': Not a directory");
}

TEST_CASE("sync_folder takes folders only") {
  const TemporaryFolder folder;
  CHECK(sync_folder(folder.path()).has_value());
  CHECK(!sync_folder(folder.file("file", "")).has_value());
  CHECK(!sync_folder(folder.path() / "none").has_value());
}
