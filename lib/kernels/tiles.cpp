#include "lib/kernels/tiles.h"

#include <atomic>

#include "lib/kernels/cpu_kind.h"

#ifdef FDL_CPU_KINDS
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace fdl::kernels {

#ifdef FDL_CPU_KINDS
extern const TileFunctions kAmxTiles;

namespace {

// Linux gives a process tiles when it asks for them; its threads have them too.
bool may_use_tiles() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  constexpr unsigned kBf16 = 1U << 22, kTile = 1U << 24;
  if ((edx & kBf16) == 0 || (edx & kTile) == 0) return false;
  constexpr long kAskForPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM
  return ::syscall(SYS_arch_prctl, kAskForPermission, kTileData) == 0;
}

}  // namespace

const TileFunctions* tile_functions() {
  static const bool has_them = cpu_kinds().back() == CpuKind::Avx512 && may_use_tiles();
  return has_them ? &kAmxTiles : nullptr;
}
#else
const TileFunctions* tile_functions() { return nullptr; }
#endif

namespace {
std::atomic<bool> uses_tiles{true};
}

void use_tiles(bool use) { uses_tiles = use; }
const TileFunctions* tiles_in_use() { return uses_tiles ? tile_functions() : nullptr; }

}  // namespace fdl::kernels
