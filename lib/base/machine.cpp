#include "lib/base/machine.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>

#ifdef __x86_64__
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

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

// Linux gives a process tiles when it asks for them; its threads have them too.
bool may_use_tiles() {
#ifdef __x86_64__
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  constexpr unsigned kBf16 = 1U << 22, kTile = 1U << 24;
  if ((edx & kBf16) == 0 || (edx & kTile) == 0) return false;
  constexpr long kAskForPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM
  return ::syscall(SYS_arch_prctl, kAskForPermission, kTileData) == 0;
#else
  return false;
#endif
}

}  // namespace

CpuVectors cpu_vectors() {
#ifdef __x86_64__
  static const CpuVectors out = [] {
    const char* const set = std::getenv("ATEN_CPU_CAPABILITY");
    const std::string_view limit = set == nullptr ? "avx512" : set;
    if (limit == "avx512" && __builtin_cpu_supports("avx512f") != 0) return CpuVectors::Avx512;
    const bool is_let = limit == "avx512" || limit == "avx2";
    const bool has_avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
    return is_let && has_avx2 ? CpuVectors::Avx2 : CpuVectors::None;
  }();
  return out;
#else
  return CpuVectors::None;
#endif
}

bool has_matrix_tiles() {
  static const bool out = cpu_vectors() == CpuVectors::Avx512 && may_use_tiles();
  return out;
}

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
