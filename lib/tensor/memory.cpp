#include "lib/tensor/memory.h"

#include <limits>
#include <malloc.h>

#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>

#include "lib/tensor/page_pool.h"

namespace fdl::tensor {
namespace {

// A sanitizer sees what lies beyond a block only where malloc made it.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kPools = false;
#else
constexpr bool kPools = true;
#endif

// Never destroyed: tensors may outlive any order of destruction.
PagePool& pool() {
  static auto* const pool = new PagePool;
  return *pool;
}

class PooledAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t num_bytes) override {
    void* block = num_bytes < PagePool::kLeastBytes ? nullptr : pool().take(num_bytes);
    if (block == nullptr) block = c10::alloc_cpu(num_bytes);  // who says so if there is no more
    c10::profiledCPUMemoryReporter().New(block, num_bytes);
    return {block, block, &give_back, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &give_back; }  // oneDNN asks for it
  void copy_data(void* to, const void* from, std::size_t num_bytes) const override {
    default_copy_data(to, from, num_bytes);
  }

 private:
  static void give_back(void* block) {
    if (block == nullptr) return;
    c10::profiledCPUMemoryReporter().Delete(block);
    if (!pool().give_back(block)) c10::free_cpu(block);
  }
};

}  // namespace

void keep_freed_memory() {
  // No limit on the threshold would do: glibc refuses one above 32 MiB, and what it maps, it
  // unmaps.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_TOP_PAD, 64 << 20);
  if (kPools) c10::SetCPUAllocator(new PooledAllocator);
}

}  // namespace fdl::tensor
