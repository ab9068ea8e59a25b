#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fdl::testing {

// One entry of a zip archive; what is not set is honest.
struct ZipEntry {
  std::string name;  // a folder when it ends in '/'
  std::string bytes = {};
  std::uint32_t mode = 0100644;  // as of stat: type and permissions
  bool deflated = false;
  std::int64_t declared_bytes = -1;  // a lie about the unpacked size; -1: the truth
  bool wrong_checksum = false;
};

// The bytes of a zip archive (APPNOTE.TXT of PKWARE, version 2.0, made on Unix).
std::string zip_bytes(const std::vector<ZipEntry>& entries);

}  // namespace fdl::testing
