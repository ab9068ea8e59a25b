#pragma once

#include <cstdint>
#include <optional>

namespace fdl {

// Bytes that a program may still take here: what the system calls available, or less where a
// control group sets a limit. Empty where the system does not say.
std::optional<std::int64_t> available_memory_bytes();

// So many floats, or a few more, so that what follows them in one block of memory stands at 64
// bytes: a cache line, an AVX-512 register.
constexpr std::int64_t aligned_floats(std::int64_t count) {
  constexpr std::int64_t kFloats = 64 / sizeof(float);
  return (count + kFloats - 1) / kFloats * kFloats;
}

// The vectors that the CPU has, as far as ATEN_CPU_CAPABILITY lets libtorch use them.
enum class CpuVectors { None, Avx2, Avx512 };
CpuVectors cpu_vectors();

// Whether the CPU has matrix tiles (AMX) for bf16 that this process may use, as far as
// ATEN_CPU_CAPABILITY lets libtorch use AVX-512.
bool has_matrix_tiles();

}  // namespace fdl
