#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "tests/temporary_folder.h"

// What the tests of file formats share. Bytes are std::string, so that literals serve.

namespace fdl::testing {

// Changes single bytes of a file where it stands; thousands of new files would take long.
class BytePatcher {
 public:
  explicit BytePatcher(const std::filesystem::path& path);
  BytePatcher(const BytePatcher&) = delete;
  BytePatcher& operator=(const BytePatcher&) = delete;
  ~BytePatcher();
  void set(std::size_t at, char value) const;

 private:
  int fd_;
};

// One gzip member.
std::string gzip(std::string_view bytes);

// `value` as `num` bytes.
std::string big_endian(std::uint64_t value, int num);
std::string little_endian(std::uint64_t value, int num);

// An idx file of type u8, or of `type`.
std::string idx_bytes(const std::vector<std::uint32_t>& dims, std::string_view data,
                      std::uint8_t type = 0x08);

// A safetensors file: length, header, data.
std::string safetensors_bytes(std::string_view header, std::string_view data);

// "FDL5102: message" of a failure, "ok" of a success.
template <typename T>
std::string outcome(const Result<T>& result) {
  if (result) return "ok";
  return to_string(result.error().code) + ": " + result.error().message;
}

bool contains(std::string_view text, std::string_view part);

}  // namespace fdl::testing
