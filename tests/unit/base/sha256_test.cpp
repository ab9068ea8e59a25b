#include "lib/base/sha256.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/temporary_folder.h"

using fdl::Code;
using fdl::Sha256;
using fdl::sha256_file;
using fdl::sha256_hex;
using fdl::testing::TemporaryFolder;

// The vectors are those of FIPS 180-2, appendix B, and the digest of no bytes.
constexpr const char* kOfNothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* kOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kOf56Bytes =
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
constexpr const char* kOfMillionA =
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST_CASE("known digests") {
  CHECK(sha256_hex("") == kOfNothing);
  CHECK(sha256_hex("abc") == kOfAbc);
  CHECK(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") == kOf56Bytes);
  CHECK(sha256_hex(std::string(1000000, 'a')) == kOfMillionA);
}

TEST_CASE("pieces give the digest of the whole") {
  Sha256 hash;
  hash.update("a", 1);
  hash.update(nullptr, 0);
  hash.update("bc", 2);
  CHECK(hash.hex() == kOfAbc);
}

TEST_CASE("a hash that was moved goes on") {
  Sha256 first;
  first.update("ab", 2);
  Sha256 second(std::move(first));
  second.update("c", 1);
  CHECK(second.hex() == kOfAbc);
}

TEST_CASE("files: empty, and longer than one read") {
  const TemporaryFolder folder;
  CHECK(*sha256_file(folder.file("empty", "")) == kOfNothing);
  CHECK(*sha256_file(folder.file("long", std::string(1000000, 'a'))) == kOfMillionA);
}

TEST_CASE("a file that cannot be read is named, with the system's reason") {
  const TemporaryFolder folder;
  const auto missing = sha256_file(folder.path() / "missing");
  REQUIRE(!missing);
  CHECK(missing.error().code == Code::CannotRead);
  CHECK(missing.error().message ==
        "cannot read '" + (folder.path() / "missing").string() + "': No such file or directory");
  const auto is_folder = sha256_file(folder.path());
  REQUIRE(!is_folder);
  CHECK(is_folder.error().message.ends_with("Is a directory"));
}
