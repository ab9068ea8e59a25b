#include "tests/libtorch/zip_file.h"

#include <doctest/doctest.h>
#include <zlib.h>

namespace fdl::testing {
namespace {

constexpr std::uint64_t kUnix = 3, kVersion = 20;

// Little-endian, as everything in a zip file.
std::string number(std::uint64_t value, std::size_t num_bytes) {
  std::string out;
  for (std::size_t i = 0; i < num_bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

std::string deflate_raw(std::string bytes) {
  z_stream stream{};
  REQUIRE(::deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(::deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

// What the local header and the central directory have in common, from "version needed" on.
std::string shared_fields(const ZipEntry& entry, std::size_t packed_bytes) {
  auto checksum = ::crc32(0, reinterpret_cast<const Bytef*>(entry.bytes.data()),
                          static_cast<uInt>(entry.bytes.size()));
  if (entry.wrong_checksum) checksum ^= 1;
  const std::uint64_t size = entry.declared_bytes >= 0
                                 ? static_cast<std::uint64_t>(entry.declared_bytes)
                                 : entry.bytes.size();
  return number(kVersion, 2) + number(0, 2) + number(entry.deflated ? 8 : 0, 2) + number(0x21, 4) +
         number(checksum, 4) + number(packed_bytes, 4) + number(size, 4) +
         number(entry.name.size(), 2) + number(0, 2);
}

}  // namespace

std::string zip_bytes(const std::vector<ZipEntry>& entries) {
  std::string out, directory;
  for (const ZipEntry& entry : entries) {
    const std::string packed = entry.deflated ? deflate_raw(entry.bytes) : entry.bytes;
    const std::string fields = shared_fields(entry, packed.size());
    directory += "PK\x01\x02" + number(kUnix << 8 | kVersion, 2) + fields + number(0, 2) +
                 number(0, 2) + number(0, 2) + number(std::uint64_t{entry.mode} << 16, 4) +
                 number(out.size(), 4) + entry.name;
    out += "PK\x03\x04" + fields + entry.name + packed;
  }
  const std::size_t start = out.size();
  return out + directory + "PK\x05\x06" + number(0, 4) + number(entries.size(), 2) +
         number(entries.size(), 2) + number(directory.size(), 4) + number(start, 4) + number(0, 2);
}

}  // namespace fdl::testing
