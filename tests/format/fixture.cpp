#include "tests/format/fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <zlib.h>

namespace fdl::testing {

BytePatcher::BytePatcher(const std::filesystem::path& path) : fd_(::open(path.c_str(), O_WRONLY)) {
  REQUIRE(fd_ >= 0);
}

BytePatcher::~BytePatcher() { ::close(fd_); }

void BytePatcher::set(std::size_t at, char value) const {
  REQUIRE(::pwrite(fd_, &value, 1, static_cast<off_t>(at)) == 1);
}

std::string gzip(std::string_view bytes) {
  z_stream state{};
  REQUIRE(deflateInit2(&state, Z_BEST_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 8,
                       Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&state, bytes.size()), '\0');
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  state.avail_in = static_cast<uInt>(bytes.size());
  state.next_out = reinterpret_cast<Bytef*>(out.data());
  state.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&state, Z_FINISH) == Z_STREAM_END);
  out.resize(state.total_out);
  deflateEnd(&state);
  return out;
}

std::string big_endian(std::uint64_t value, int num) {
  std::string out;
  for (int i = num - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
  return out;
}

std::string little_endian(std::uint64_t value, int num) {
  std::string out = big_endian(value, num);
  return {out.rbegin(), out.rend()};
}

std::string idx_bytes(const std::vector<std::uint32_t>& dims, std::string_view data,
                      std::uint8_t type) {
  std::string out = big_endian(0, 2) + big_endian(type, 1) + big_endian(dims.size(), 1);
  for (const std::uint32_t dim : dims) out += big_endian(dim, 4);
  return out.append(data);
}

std::string safetensors_bytes(std::string_view header, std::string_view data) {
  return little_endian(header.size(), 8).append(header).append(data);
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace fdl::testing
