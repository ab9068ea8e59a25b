#include "lib/format/byte_stream.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <zlib.h>

namespace fdl::format {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;  // inflateInit2's way to ask for gzip headers

}  // namespace

struct ByteStream::Gzip {
  z_stream state{};
  std::array<std::byte, 1 << 16> input;
  std::uint64_t num_taken = 0;   // bytes of the file that went into `input`
  bool between_members = false;  // at a place where the file may end

  ~Gzip() { inflateEnd(&state); }
};

Result<ByteStream> ByteStream::open(const std::filesystem::path& path) {
  Result<InputFile> file = InputFile::open(path, Code::DataMissing);
  if (!file) return fail(std::move(file.error()));
  ByteStream stream(std::move(*file));
  std::array<std::byte, 2> magic{};
  const Result<std::size_t> got = stream.file_.read_at(0, magic);
  if (!got) return fail(got.error());
  if (*got == 2 && magic[0] == std::byte{0x1f} && magic[1] == std::byte{0x8b})
    FDL_TRY(stream.start_gzip());
  return stream;
}

ByteStream::ByteStream(InputFile file) : file_(std::move(file)) {}
ByteStream::ByteStream(ByteStream&&) noexcept = default;
ByteStream& ByteStream::operator=(ByteStream&&) noexcept = default;
ByteStream::~ByteStream() = default;

Result<void> ByteStream::start_gzip() {
  auto gzip = std::make_unique<Gzip>();
  if (inflateInit2(&gzip->state, kGzipOnly) != Z_OK) {
    return fail(error(Code::CannotRead, {}, "cannot read '{}': zlib does not start: {}",
                      file_.path().string(), gzip->state.msg ? gzip->state.msg : "out of memory"));
  }
  gzip_ = std::move(gzip);
  return {};
}

Result<std::size_t> ByteStream::read(std::span<std::uint8_t> out) {
  const Result<std::size_t> got =
      gzip_ ? unpack(out) : file_.read_at(position_, std::as_writable_bytes(out));
  if (got) position_ += *got;
  return got;
}

// False at the end of the file.
Result<bool> ByteStream::refill() {
  if (gzip_->state.avail_in > 0) return true;
  const Result<std::size_t> got = file_.read_at(gzip_->num_taken, gzip_->input);
  if (!got) return fail(got.error());
  gzip_->num_taken += *got;
  gzip_->state.next_in = reinterpret_cast<Bytef*>(gzip_->input.data());
  gzip_->state.avail_in = static_cast<uInt>(*got);
  return *got > 0;
}

Result<std::size_t> ByteStream::unpack(std::span<std::uint8_t> out) {
  z_stream& state = gzip_->state;
  std::size_t num_done = 0;
  while (num_done < out.size()) {
    const Result<bool> has_input = refill();
    if (!has_input) return fail(has_input.error());
    if (!*has_input && gzip_->between_members) break;
    if (!*has_input) return damaged(position_ + num_done, "unexpected end of file");
    if (std::exchange(gzip_->between_members, false)) inflateReset(&state);

    const std::size_t room =
        std::min<std::size_t>(out.size() - num_done, std::numeric_limits<uInt>::max());
    state.next_out = out.data() + num_done;
    state.avail_out = static_cast<uInt>(room);
    const int outcome = inflate(&state, Z_NO_FLUSH);
    num_done += room - state.avail_out;
    gzip_->between_members = outcome == Z_STREAM_END;
    if (outcome != Z_OK && outcome != Z_STREAM_END)
      return damaged(position_ + num_done, state.msg ? state.msg : zError(outcome));
  }
  return num_done;
}

Failure ByteStream::damaged(std::uint64_t offset, const char* why) const {
  return fail(
      error(Code::DataCorrupt, {},
            "'{}' is damaged: its gzip stream breaks after byte {} of the unpacked data: {}",
            file_.path().string(), offset, why)
          .help("fetch the file again"));
}

}  // namespace fdl::format
