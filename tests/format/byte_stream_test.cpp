#include "lib/format/byte_stream.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/format/fixture.h"

namespace fdl::format {
namespace {

using testing::contains;
using testing::gzip;
using testing::outcome;
using testing::TemporaryFolder;

// All bytes of the stream, asked for in pieces of `piece`.
Result<std::string> drain(const std::filesystem::path& path, std::size_t piece) {
  Result<ByteStream> stream = ByteStream::open(path);
  if (!stream) return fail(stream.error());
  std::string all;
  std::vector<std::uint8_t> buffer(piece);
  while (true) {
    const Result<std::size_t> got = stream->read(buffer);
    if (!got) return fail(got.error());
    all.append(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got));
    CHECK(stream->position() == all.size());
    if (*got < piece) return all;
  }
}

std::string varied_text(std::size_t length) {
  std::string out;
  std::uint32_t state = 1;
  while (out.size() < length) {
    state = state * 1664525U + 1013904223U;
    out += static_cast<char>(state >> 24U);
  }
  return out;
}

TEST_CASE("a stream gives the same bytes plain, in gzip and in pieces of any length") {
  const TemporaryFolder folder;
  const std::string text = varied_text(300'000);  // longer than the stream's own buffer
  const auto plain = folder.file("plain.gz", text);
  const auto packed = folder.file("packed", gzip(text));
  const auto members = folder.file("members", gzip(text.substr(0, 1000)) + gzip(text.substr(1000)));
  for (const std::size_t piece : {7UL, 65'536UL, 1'000'000UL}) {
    CAPTURE(piece);
    CHECK(drain(plain, piece).value() == text);
    CHECK(drain(packed, piece).value() == text);
    CHECK(drain(members, piece).value() == text);
  }
}

TEST_CASE("gzip is told apart by its magic, not by the name") {
  const TemporaryFolder folder;
  CHECK_FALSE(ByteStream::open(folder.file("a.gz", "text"))->is_gzip());
  CHECK_FALSE(ByteStream::open(folder.file("b.gz", "\x1f"))->is_gzip());
  CHECK_FALSE(ByteStream::open(folder.file("c.gz", ""))->is_gzip());
  CHECK(ByteStream::open(folder.file("d", gzip("text")))->is_gzip());
}

TEST_CASE("a damaged gzip stream is told in zlib's words, with the offset unpacked") {
  const TemporaryFolder folder;
  const std::string packed = gzip("hello");
  std::string wrong_crc = packed;
  wrong_crc[packed.size() - 8] = static_cast<char>(wrong_crc[packed.size() - 8] ^ 1);
  const std::string crc = outcome(drain(folder.file("crc", wrong_crc), 64));
  CHECK(contains(crc, "FDL5102"));
  CHECK(contains(crc, "crc' is damaged: its gzip stream breaks after byte 5 of the unpacked data"));
  CHECK(contains(crc, "incorrect data check"));
  const std::string tail = outcome(drain(folder.file("tail", packed + "xyz"), 64));
  CHECK(contains(tail, "breaks after byte 5"));
  CHECK(contains(tail, "incorrect header check"));
  const std::string method = outcome(drain(folder.file("method", "\x1f\x8b\x07 and more"), 64));
  CHECK(contains(method, "breaks after byte 0"));
  CHECK(contains(method, "unknown compression method"));
}

TEST_CASE("what is no regular file is refused at once") {
  const TemporaryFolder folder;
  CHECK(contains(outcome(ByteStream::open(folder.path() / "none")), "FDL5101: cannot read '"));
  CHECK(contains(outcome(ByteStream::open(folder.path() / "none")), "No such file"));
  CHECK(contains(outcome(ByteStream::open(folder.path())), "FDL5001"));
  CHECK(contains(outcome(ByteStream::open(folder.path())), "it is a folder"));
  CHECK(contains(outcome(ByteStream::open("/dev/zero")), "it is not a regular file"));
}

}  // namespace
}  // namespace fdl::format
