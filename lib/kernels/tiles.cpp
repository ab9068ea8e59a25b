#include "lib/kernels/tiles.h"

#include <atomic>

#include "lib/base/machine.h"
#include "lib/kernels/cpu_kind.h"

namespace fdl::kernels {

#ifdef FDL_CPU_KINDS
extern const TileFunctions kAmxTiles;

const TileFunctions* tile_functions() {
  static const bool has_them = cpu_kinds().back() == CpuKind::Avx512 && has_matrix_tiles();
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
