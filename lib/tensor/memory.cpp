#include "lib/tensor/memory.h"

#include <limits>
#include <malloc.h>

namespace fdl::tensor {

void keep_freed_memory() {
  // No limit on the threshold would do: glibc refuses one above 32 MiB, and what it maps, it
  // unmaps.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_TOP_PAD, 64 << 20);
}

}  // namespace fdl::tensor
