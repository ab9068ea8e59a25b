#include "tests/format/allocation_watch.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> largest{0};

}  // namespace

void* operator new(std::size_t num_bytes) {
  largest = std::max(largest.load(), num_bytes);
  void* const block = std::malloc(std::max<std::size_t>(num_bytes, 1));
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

namespace fdl::testing {

AllocationWatch::AllocationWatch() { largest = 0; }

std::size_t AllocationWatch::largest_bytes() const { return largest; }

}  // namespace fdl::testing
