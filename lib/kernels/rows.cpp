#include "lib/kernels/rows.h"

namespace fdl::kernels {

extern const RowFunctions kDefaultRows;
#ifdef FDL_CPU_KINDS
extern const RowFunctions kAvx2Rows, kAvx512Rows;
#endif

const RowFunctions& row_functions_of(CpuKind kind) {
#ifdef FDL_CPU_KINDS
  if (kind == CpuKind::Avx512) return kAvx512Rows;
  if (kind == CpuKind::Avx2) return kAvx2Rows;
#endif
  static_cast<void>(kind);
  return kDefaultRows;
}

const RowFunctions& row_functions() {
  static const RowFunctions& chosen = row_functions_of(cpu_kinds().back());
  return chosen;
}

}  // namespace fdl::kernels
