#include "lib/format/image_header.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>

#include "lib/format/input_file.h"

namespace fdl::format {
namespace {

constexpr std::size_t kMostHeaderBytes = 1 << 20;  // pictures may carry previews and profiles
constexpr std::string_view kPng = "\x89PNG\r\n\x1a\n";

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t out = 0;
  for (const char c : bytes) out = (out << 8U) | static_cast<unsigned char>(c);
  return out;
}

std::optional<ImageHeader> parse_png(std::string_view start) {
  if (start.size() < 24 || start.substr(12, 4) != "IHDR") return std::nullopt;
  return ImageHeader{ImageHeader::Kind::Png, big_endian(start.substr(16, 4)),
                     big_endian(start.substr(20, 4))};
}

// Markers that begin a frame: SOF0 to SOF15 but DHT, JPG and DAC.
bool begins_frame(unsigned char marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

std::optional<ImageHeader> parse_jpeg(std::string_view start) {
  std::size_t at = 2;
  while (at + 4 <= start.size()) {
    if (static_cast<unsigned char>(start[at]) != 0xFF) return std::nullopt;
    const auto marker = static_cast<unsigned char>(start[at + 1]);
    if (marker == 0xFF) {  // filling
      ++at;
      continue;
    }
    const std::size_t length = big_endian(start.substr(at + 2, 2));
    if (length < 2 || marker == 0xD9 || marker == 0xDA) return std::nullopt;
    if (begins_frame(marker)) {
      if (length < 8 || at + 9 > start.size()) return std::nullopt;
      return ImageHeader{ImageHeader::Kind::Jpeg, big_endian(start.substr(at + 7, 2)),
                         big_endian(start.substr(at + 5, 2))};
    }
    at += 2 + length;
  }
  return std::nullopt;
}

Failure refused(const std::filesystem::path& path, std::string_view why) {
  return fail(error(Code::DataCorrupt, {}, "'{}' {}", path.string(), why)
                  .help("remove the file, or store it as JPEG or PNG again"));
}

}  // namespace

Result<ImageHeader> parse_image_header(std::string_view start, const std::filesystem::path& path) {
  const bool is_png = start.starts_with(kPng), is_jpeg = start.starts_with("\xFF\xD8");
  if (!is_png && !is_jpeg) return refused(path, "is neither a JPEG nor a PNG picture");
  const std::optional<ImageHeader> found = is_png ? parse_png(start) : parse_jpeg(start);
  if (!found) return refused(path, "is damaged: its header does not say how large the picture is");
  if (found->width <= 0 || found->height <= 0) return refused(path, "has no pixels");
  if (found->width > kMostImagePixels / found->height) return refused(path, "has too many pixels");
  return *found;
}

Result<ImageHeader> read_image_header(const std::filesystem::path& path) {
  const Result<InputFile> file = InputFile::open(path, Code::DataMissing);
  if (!file) return fail(file.error());
  // Most headers are within the first bytes.
  for (std::size_t size = 4096;; size *= 16) {
    std::string start(std::min<std::uint64_t>(file->num_bytes(), size), '\0');
    const Result<std::size_t> got = file->read_at(0, std::as_writable_bytes(std::span(start)));
    if (!got) return fail(got.error());
    start.resize(*got);
    Result<ImageHeader> header = parse_image_header(start, path);
    if (header || size >= kMostHeaderBytes || start.size() < size) return header;
  }
}

}  // namespace fdl::format
