#include "lib/format/text.h"

#include <vector>

#include "lib/format/byte_stream.h"
#include "lib/format/place.h"

namespace fdl::format {
namespace {

constexpr std::size_t kPieceBytes = 1 << 16;
constexpr char32_t kLast = 0x10FFFF;
constexpr char32_t kByteOrderMark = 0xFEFF;

// Puts UTF-8 together from bytes that come in pieces. Overlong forms, surrogates and what lies
// beyond U+10FFFF are refused, as RFC 3629 has it.
class Decoder {
 public:
  // False when the byte cannot stand where it stands.
  bool take(std::uint8_t byte, std::vector<char32_t>& out) {
    if (num_open_ == 0) return begin(byte, out);
    if ((byte & 0xC0U) != 0x80U) return false;
    point_ = (point_ << 6U) | (byte & 0x3FU);
    ++place_.column;
    if (--num_open_ > 0) return true;
    const bool is_surrogate = point_ >= 0xD800 && point_ <= 0xDFFF;
    if (point_ < least_ || point_ > kLast || is_surrogate) return false;
    emit(point_, out);
    return true;
  }
  bool is_open() const { return num_open_ > 0; }
  // Where the character begins that a byte was taken for last.
  const Place& place() const { return start_; }

 private:
  bool begin(std::uint8_t byte, std::vector<char32_t>& out) {
    start_ = place_;
    if (byte < 0x80) {
      emit(byte, out);
      ++place_.column;
      if (byte == '\n') place_ = {place_.line + 1, 1};
      return true;
    }
    if (byte < 0xC2 || byte > 0xF4) return false;
    num_open_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    least_ = num_open_ == 1 ? 0x80 : num_open_ == 2 ? 0x800 : 0x10000;
    point_ = byte & (0x3FU >> num_open_);
    ++place_.column;
    return true;
  }
  void emit(char32_t point, std::vector<char32_t>& out) {
    const bool is_mark = is_start_ && point == kByteOrderMark;
    is_start_ = false;
    if (!is_mark) out.push_back(point);
  }

  int num_open_ = 0;
  char32_t point_ = 0, least_ = 0;
  bool is_start_ = true;
  Place place_, start_;
};

Diagnostic not_utf8(const std::filesystem::path& path, const Place& place) {
  return error(Code::DataCorrupt, place_in(path, place, ""),
               "'{}' is not UTF-8: this byte cannot stand here", path.string())
      .help("convert the file to UTF-8, or take its bytes as tokens: unit: bytes");
}

}  // namespace

Result<void> read_text(const std::filesystem::path& path, TextUnit unit,
                       const std::function<Result<void>(std::span<const char32_t>)>& use) {
  Result<ByteStream> stream = ByteStream::open(path);
  if (!stream) return fail(std::move(stream.error()));
  std::vector<std::uint8_t> bytes(kPieceBytes);
  std::vector<char32_t> piece;
  Decoder decoder;
  for (;;) {
    const Result<std::size_t> got = stream->read(bytes);
    if (!got) return fail(got.error());
    piece.clear();
    for (const std::uint8_t byte : std::span(bytes).first(*got)) {
      if (unit == TextUnit::Bytes) {
        piece.push_back(byte);
      } else if (!decoder.take(byte, piece)) {
        return fail(not_utf8(path, decoder.place()));
      }
    }
    FDL_TRY(use(piece));
    if (*got == bytes.size()) continue;
    if (decoder.is_open()) return fail(not_utf8(path, decoder.place()));
    return {};
  }
}

std::string to_utf8(char32_t c) {
  const auto rest = [&](unsigned shift) {
    return static_cast<char>(0x80U | ((c >> shift) & 0x3FU));
  };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xC0U | (c >> 6U)), rest(0)};
  if (c < 0x10000) return {static_cast<char>(0xE0U | (c >> 12U)), rest(6), rest(0)};
  return {static_cast<char>(0xF0U | (c >> 18U)), rest(12), rest(6), rest(0)};
}

}  // namespace fdl::format
