#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace fdl {

// SHA-256 (FIPS 180-4) of bytes that arrive in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(const void* bytes, std::size_t num_bytes);
  // The digest as 64 lower-case hexadecimal digits. Call once.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view bytes);
// The digest as base64 (RFC 4648), as browsers want it.
std::string sha256_base64(std::string_view bytes);

// Reads the file in pieces. Errors: FDL5001.
Result<std::string> sha256_file(const std::filesystem::path& path);

}  // namespace fdl
