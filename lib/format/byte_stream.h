#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "lib/format/input_file.h"

namespace fdl::format {

// The bytes of a file from front to back. A file that begins with gzip's magic 1f 8b, whatever its
// name, is unpacked on the way; several gzip members in a row count as one stream. Offsets are
// those of the uncompressed bytes. Memory: 64 KiB and zlib's window, whatever the file says.
class ByteStream {
 public:
  // Errors: FDL5101 when there is no such file, FDL5001.
  static Result<ByteStream> open(const std::filesystem::path& path);
  ByteStream(ByteStream&&) noexcept;
  ByteStream& operator=(ByteStream&&) noexcept;
  ~ByteStream();

  // Fills `out` unless the stream ends before; how many bytes it was. The end of a gzip stream is
  // checked (length, CRC) once a call asks for a byte beyond it.
  // Errors: FDL5102 with zlib's words and the offset, FDL5001.
  Result<std::size_t> read(std::span<std::uint8_t> out);

  // Offset of the byte that the next read gives.
  std::uint64_t position() const { return position_; }
  bool is_gzip() const { return gzip_ != nullptr; }
  const InputFile& file() const { return file_; }

 private:
  struct Gzip;
  explicit ByteStream(InputFile file);
  Result<void> start_gzip();
  Result<std::size_t> unpack(std::span<std::uint8_t> out);
  Result<bool> refill();
  Failure damaged(std::uint64_t offset, const char* why) const;

  InputFile file_;
  std::uint64_t position_ = 0;
  std::unique_ptr<Gzip> gzip_;
};

}  // namespace fdl::format
