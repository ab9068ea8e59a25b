#include "lib/format/text.h"

#include <doctest/doctest.h>

#include "tests/format/fixture.h"

namespace fdl::format {
namespace {

using testing::gzip;
using testing::TemporaryFolder;

std::u32string characters_of(const std::string& bytes, TextUnit unit = TextUnit::Characters) {
  const TemporaryFolder folder;
  std::u32string out;
  const Result<void> read =
      read_text(folder.file("t", bytes), unit, [&](auto piece) -> Result<void> {
        out.append(piece.begin(), piece.end());
        return {};
      });
  REQUIRE(read.has_value());
  return out;
}

// Where the text stops being UTF-8, "2:3".
std::string broken_at(const std::string& bytes) {
  const TemporaryFolder folder;
  const auto ignore = [](auto) -> Result<void> { return {}; };
  const Result<void> read = read_text(folder.file("t", bytes), TextUnit::Characters, ignore);
  if (read) return "nowhere";
  CHECK(read.error().code == Code::DataCorrupt);
  return fmt::format("{}:{}", read.error().span.line, read.error().span.column);
}

}  // namespace

TEST_CASE("characters are code points, in plain files and in gzip") {
  const std::string text = "a\xC3\xA4\n\xE2\x82\xAC\xF0\x9F\x98\x80";
  CHECK(characters_of(text) == U"a\u00e4\n\u20ac\U0001F600");
  CHECK(characters_of(gzip(text)) == characters_of(text));
  CHECK(characters_of("\xEF\xBB\xBF"
                      "b") == U"b");
  CHECK(characters_of("").empty());
  for (const char32_t c : characters_of(text))
    CHECK(characters_of(to_utf8(c)) == std::u32string(1, c));
}

TEST_CASE("bytes are what they are") {
  CHECK(characters_of("a\xFF", TextUnit::Bytes) == std::u32string{U'a', 0xFF});
}

TEST_CASE("a character may lie across the pieces in which a file is read") {
  const std::string euros = [] {
    std::string out;
    for (int i = 0; i < 100'000; ++i) out += "\xE2\x82\xAC";
    return out;
  }();
  CHECK(characters_of(euros) == std::u32string(100'000, U'\u20ac'));
}

TEST_CASE("what is not UTF-8 is told by line and column") {
  CHECK(broken_at("abc\nde\xFFg") == "2:3");
  CHECK(broken_at("x\xC3") == "1:2");              // ends within a character
  CHECK(broken_at("x\xC0\x80") == "1:2");          // overlong
  CHECK(broken_at("x\xE0\x80\x80") == "1:2");      // overlong
  CHECK(broken_at("x\xED\xA0\x80") == "1:2");      // a surrogate
  CHECK(broken_at("x\xF4\x90\x80\x80") == "1:2");  // beyond U+10FFFF
  CHECK(broken_at("\xC3(") == "1:1");
  CHECK(broken_at("plain") == "nowhere");
}

}  // namespace fdl::format
