#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace fdl::kernels {

struct FreeMemory {
  void operator()(void* memory) const { std::free(memory); }
};

template <typename T>
using AlignedArray = std::unique_ptr<T[], FreeMemory>;  // NOLINT(modernize-avoid-c-arrays)

inline constexpr std::size_t kAlignment = 64;  // of a vector, a tile's row, a cache's line

// Holds what was in the memory before. Throws std::bad_alloc.
template <typename T>
AlignedArray<T> aligned_array(std::int64_t num) {
  const std::size_t bytes =
      (static_cast<std::size_t>(num) * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
  auto* const memory = static_cast<T*>(std::aligned_alloc(kAlignment, bytes));
  if (memory == nullptr && bytes > 0) throw std::bad_alloc();
  return AlignedArray<T>(memory);
}

}  // namespace fdl::kernels
