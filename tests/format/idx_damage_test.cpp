#include <doctest/doctest.h>

#include "lib/format/idx.h"
#include "tests/format/allocation_watch.h"
#include "tests/format/fixture.h"

namespace fdl::format {
namespace {

using testing::AllocationWatch;
using testing::big_endian;
using testing::contains;
using testing::gzip;
using testing::idx_bytes;
using testing::outcome;
using testing::TemporaryFolder;

// What both readers say of these bytes, plain and in gzip; they must agree.
std::string said_of(const TemporaryFolder& folder, const std::string& bytes) {
  const auto plain = folder.file("plain", bytes);
  const auto packed = folder.file("packed", gzip(bytes));
  const auto message = [](const Result<IdxFile>& result, const std::filesystem::path& path) {
    std::string text = outcome(result);
    const std::size_t at = text.find(path.string());
    return at == std::string::npos ? text : text.replace(at, path.string().size(), "FILE");
  };
  const std::string text = message(read_idx(plain), plain);
  CHECK(message(read_idx(packed), packed) == text);
  CHECK(outcome(read_idx_header(plain)) == outcome(read_idx(plain)));
  return text;
}

TEST_CASE("a wrong start is told with its place") {
  const TemporaryFolder folder;
  CHECK(said_of(folder, "PK\x03\x04 a zip file") ==
        "FDL5102: 'FILE' is damaged: byte 0: expected the magic bytes 00 00 08 of an idx file, "
        "found 50 4b 03 04");
  CHECK(said_of(folder, idx_bytes({1}, "abcd", 0x0d)) ==
        "FDL5102: 'FILE' is damaged: byte 2: element type 0x0d (f32) is not read; expected 0x08 "
        "(u8)");
  CHECK(contains(said_of(folder, idx_bytes({1}, "a", 0x0a)), "0x0a (none of the format's types)"));
  CHECK(said_of(folder, idx_bytes({}, "a")) ==
        "FDL5102: 'FILE' is damaged: byte 3: expected 1 to 8 dimensions, found 0");
  CHECK(contains(said_of(folder, idx_bytes({1, 1, 1, 1, 1, 1, 1, 1, 1}, "a")), "found 9"));
  CHECK(said_of(folder, "") == "FDL5102: 'FILE' is damaged: it ends at byte 0 of 4");
}

TEST_CASE("data that ends early or goes on is told with its place") {
  const TemporaryFolder folder;
  CHECK(said_of(folder, idx_bytes({10, 784}, std::string(1000, 'x'))) ==
        "FDL5102: 'FILE' is damaged: it ends at byte 1012 of 7852");
  const auto plain = folder.file("plain", idx_bytes({3}, "abcdef"));
  const std::string text = outcome(read_idx_header(plain));
  CHECK(contains(text, "its data ends at byte 11, but 3 bytes follow"));
  CHECK(outcome(read_idx(plain)) == text);
  const auto packed = folder.file("packed", gzip(idx_bytes({3}, "abcdef")));
  CHECK(contains(outcome(read_idx(packed)), "its data ends at byte 11, but more bytes follow"));
}

TEST_CASE("no prefix of an idx file passes") {
  const TemporaryFolder folder;
  const std::string plain = idx_bytes({3, 4}, "abcdefghijkl");
  for (const std::string& whole : {plain, gzip(plain)}) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      CAPTURE(length);
      const auto path = folder.file("cut", whole.substr(0, length));
      const std::string said = outcome(read_idx(path));
      CHECK(said.find("FDL5102: '" + path.string() + "' is damaged: ") == 0);
      (void)read_idx_header(path);  // may pass: a gzip's end is not looked at
    }
  }
}

// Some bits carry nothing (the time in gzip's header, the padding after the last block): with them
// changed the file may read, but only as the same data.
TEST_CASE("a damaged byte of an idx.gz never changes the data unseen") {
  const TemporaryFolder folder;
  const std::string whole = gzip(idx_bytes({3, 4}, "abcdefghijkl"));
  const auto path = folder.file("damaged", whole);
  const testing::BytePatcher patcher(path);
  int num_refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      patcher.set(at, static_cast<char>(value));
      const auto file = read_idx(path);
      if (!file) {
        ++num_refused;
        CHECK(file.error().code == Code::DataCorrupt);
      } else {
        CHECK_MESSAGE(std::string(file->data.begin(), file->data.end()) == "abcdefghijkl", "byte ",
                      at, " set to ", value);
      }
    }
    patcher.set(at, whole[at]);
  }
  CHECK(num_refused > 5'000);
}

TEST_CASE("dimensions that cannot be are refused before anything is allocated") {
  const TemporaryFolder folder;
  const std::uint32_t most = 0xffffffffU;
  const auto huge = folder.file("huge", gzip(idx_bytes({1U << 30U, 1U << 30U}, "abc")));
  const auto wraps = folder.file("wraps", idx_bytes({1U << 31U, 1U << 31U, 4}, "abc"));
  const auto zero = folder.file("zero", idx_bytes({most, most, 0, most}, ""));
  const auto over = folder.file("over", gzip(idx_bytes({1U << 30U, 17}, "abc")));
  const AllocationWatch watch;
  for (const auto& path : {huge, wraps, zero, over}) {
    CAPTURE(path);
    CHECK(contains(outcome(read_idx(path)), "claim more than 17179869184 bytes"));
    CHECK(contains(outcome(read_idx_header(path)), "byte 4: dimensions "));
  }
  CHECK(watch.largest_bytes() < 200'000);  // zlib's window and the stream's buffer
}

TEST_CASE("memory follows the bytes that arrive, not the claim") {
  const TemporaryFolder folder;
  // 16 GiB claimed, the most that is allowed, of which a few bytes are there.
  const auto path = folder.file("liar", gzip(idx_bytes({1U << 30U, 16}, "abc")));
  const AllocationWatch watch;
  CHECK(contains(outcome(read_idx(path)), "it ends at byte 15 of 17179869196"));
  CHECK(watch.largest_bytes() <= 1U << 20U);
}

TEST_CASE("a gzip that unpacks without end is left after the claimed bytes") {
  const TemporaryFolder folder;
  const auto path = folder.file("bomb", gzip(idx_bytes({3}, std::string(200'000'000, '\0'))));
  const AllocationWatch watch;
  CHECK(contains(outcome(read_idx(path)), "its data ends at byte 11, but more bytes follow"));
  CHECK(watch.largest_bytes() < 200'000);
}

TEST_CASE("a missing idx file is missing data") {
  const TemporaryFolder folder;
  CHECK(contains(outcome(read_idx(folder.path() / "none")), "FDL5101"));
  CHECK(contains(outcome(read_idx_header(folder.path() / "none")), "FDL5101"));
}

}  // namespace
}  // namespace fdl::format
