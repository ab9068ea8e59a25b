#include "lib/format/image_header.h"

#include <doctest/doctest.h>

#include "tests/format/fixture.h"

namespace fdl::format {
namespace {

using testing::big_endian;
using testing::outcome;

std::string png(std::uint32_t width, std::uint32_t height) {
  return "\x89PNG\r\n\x1a\n" + big_endian(13, 4) + "IHDR" + big_endian(width, 4) +
         big_endian(height, 4) + std::string(5, '\x01');
}

// A JPEG with an application segment of `before` bytes in front of its frame.
std::string jpeg(std::uint32_t width, std::uint32_t height, std::size_t before = 16) {
  return "\xFF\xD8\xFF\xE0" + big_endian(before, 2) + std::string(before - 2, 'x') +
         "\xFF\xFF\xC2" + big_endian(17, 2) + '\x08' + big_endian(height, 2) +
         big_endian(width, 2) + std::string(10, '\x03');
}

std::string said_of(const std::string& bytes) {
  const auto header = parse_image_header(bytes, "x");
  if (header) return fmt::format("{} x {}", header->width, header->height);
  return outcome(header).substr(9);
}

}  // namespace

TEST_CASE("pictures say their size") {
  CHECK(said_of(png(5, 7)) == "5 x 7");
  CHECK(said_of(jpeg(5, 7)) == "5 x 7");
  const testing::TemporaryFolder folder;
  const auto far = read_image_header(folder.file("far.jpg", jpeg(640, 480, 60'000)));
  REQUIRE(far.has_value());
  CHECK(far->width == 640);
  CHECK(far->height == 480);
  CHECK(outcome(read_image_header(folder.path() / "gone.jpg")).starts_with("FDL5101"));
}

TEST_CASE("what is no picture is told") {
  CHECK(said_of("GIF89a") == "'x' is neither a JPEG nor a PNG picture");
  CHECK(said_of("") == "'x' is neither a JPEG nor a PNG picture");
  CHECK(said_of(png(0, 7)) == "'x' has no pixels");
  CHECK(said_of(png(1 << 20, 1 << 20)) == "'x' has too many pixels");
  CHECK(said_of("\xFF\xD8\xFF\xD9") ==
        "'x' is damaged: its header does not say how large the picture is");
}

TEST_CASE("every truncation of a header is refused") {
  for (const std::string& whole : {png(5, 7).substr(0, 24), jpeg(5, 7).substr(0, 30)}) {
    REQUIRE(said_of(whole) == "5 x 7");
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(size);
      CHECK(!parse_image_header(whole.substr(0, size), "x").has_value());
    }
  }
}

}  // namespace fdl::format
