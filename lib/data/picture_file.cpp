#include "lib/data/picture_file.h"

#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <jpeglib.h>
#include <png.h>
#include <span>
#include <string>

#include "lib/base/files.h"
#include "lib/format/image_header.h"
#include "lib/format/input_file.h"

namespace fdl::data {
namespace {

Diagnostic damaged(const std::filesystem::path& path, std::string_view why) {
  return error(Code::DataCorrupt, {}, "the picture '{}' cannot be decoded: {}", path.string(), why)
      .help("remove the file, or fetch it again");
}

// libjpeg reports by a function that must not come back.
struct JpegErrors {
  jpeg_error_mgr base;
  std::jmp_buf escape;
  std::array<char, JMSG_LENGTH_MAX> message;
};

[[noreturn]] void leave(j_common_ptr info) {
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  errors->base.format_message(info, errors->message.data());
  std::longjmp(errors->escape, 1);
}

// A truncated file only warns, and gives grey pixels: that is damage too.
void leave_on_warning(j_common_ptr info, int level) {
  if (level < 0) leave(info);
}

// No object with a destructor lives here: longjmp would pass it over. False on an error.
bool decode_jpeg(std::span<const std::byte> bytes, PictureFile& out, JpegErrors& errors) {
  jpeg_decompress_struct info;
  info.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = leave;
  errors.base.emit_message = leave_on_warning;
  if (setjmp(errors.escape) != 0) {
    jpeg_destroy_decompress(&info);
    return false;
  }
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&info, TRUE);
  info.out_color_space = out.channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
  info.dct_method = JDCT_ISLOW;  // the exact one: the same pixels on every machine
  jpeg_start_decompress(&info);
  const std::size_t row = static_cast<std::size_t>(out.width * out.channels);
  while (info.output_scanline < info.output_height && info.output_height <= out.height &&
         info.output_width == out.width) {
    JSAMPROW line = out.pixels.data() + info.output_scanline * row;
    jpeg_read_scanlines(&info, &line, 1);
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  return true;
}

Result<void> decode_png(const std::filesystem::path& path, std::span<const std::byte> bytes,
                        PictureFile& out) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  const png_color black{0, 0, 0};
  bool is_fine = png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) != 0;
  image.format = out.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  is_fine = is_fine && PNG_IMAGE_SIZE(image) == out.pixels.size() &&
            png_image_finish_read(&image, &black, out.pixels.data(), 0, nullptr) != 0;
  const std::string message = image.message;
  png_image_free(&image);
  if (is_fine) return {};
  return fail(damaged(path, message.empty() ? "it changed while it was read" : message));
}

}  // namespace

Result<PictureFile> read_picture(const std::filesystem::path& path, std::int64_t channels) {
  const Result<format::ImageHeader> header = format::read_image_header(path);
  if (!header) return fail(header.error());
  const Result<format::InputFile> file = format::InputFile::open(path, Code::DataMissing);
  if (!file) return fail(file.error());
  std::vector<std::byte> bytes(file->num_bytes());
  const Result<std::size_t> got = file->read_at(0, bytes);
  if (!got) return fail(got.error());
  PictureFile out{header->width, header->height, channels, {}};
  out.pixels.resize(static_cast<std::size_t>(out.width * out.height * channels));
  if (header->kind == format::ImageHeader::Kind::Png) {
    FDL_TRY(decode_png(path, bytes, out));
    return out;
  }
  JpegErrors errors{};
  if (decode_jpeg(bytes, out, errors)) return out;
  return fail(damaged(path, errors.message.data()));
}

Result<void> write_png(const std::filesystem::path& path, const PictureFile& picture) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(picture.width);
  image.height = static_cast<png_uint_32>(picture.height);
  image.format = picture.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t num_bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string bytes(num_bytes, '\0');
  if (png_image_write_to_memory(&image, bytes.data(), &num_bytes, 0, picture.pixels.data(), 0,
                                nullptr) == 0)
    return fail(
        error(Code::CannotWrite, {}, "cannot write '{}': {}", path.string(), image.message));
  bytes.resize(num_bytes);
  return write_atomic(path, bytes);
}

}  // namespace fdl::data
