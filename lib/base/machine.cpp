#include "lib/base/machine.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "lib/base/files.h"

namespace fdl {
namespace {

// The first number after `key` in a file of the system.
std::optional<std::int64_t> number_in(const char* file, std::string_view key) {
  const Result<std::string> text = read_file(file, 1 << 20);
  if (!text) return std::nullopt;
  std::size_t at = text->find(key);
  if (at == std::string::npos) return std::nullopt;
  at = text->find_first_not_of(" \t", at + key.size());
  std::int64_t out = 0;
  if (at == std::string::npos) return std::nullopt;
  const auto read = std::from_chars(text->data() + at, text->data() + text->size(), out);
  return read.ec == std::errc() ? std::optional(out) : std::nullopt;
}

}  // namespace

std::optional<std::int64_t> available_memory_bytes() {
  constexpr std::int64_t kKibibyte = 1024;
  std::optional<std::int64_t> out = number_in("/proc/meminfo", "MemAvailable:");
  if (out) *out *= kKibibyte;
  const auto limit = number_in("/sys/fs/cgroup/memory.max", "");
  const auto used = number_in("/sys/fs/cgroup/memory.current", "");
  if (limit && used) {
    const std::int64_t left = std::max<std::int64_t>(0, *limit - *used);
    out = std::min(out.value_or(left), left);
  }
  return out;
}

}  // namespace fdl
