#include "lib/kernels/rows.h"

#include <string>

#include <ATen/Version.h>

namespace fdl::kernels {

extern const RowFunctions kDefaultRows;
#ifdef FDL_ROWS_X86
extern const RowFunctions kAvx2Rows, kAvx512Rows;
#endif

std::vector<std::pair<std::string, const RowFunctions*>> all_row_functions() {
  std::vector<std::pair<std::string, const RowFunctions*>> out = {{"DEFAULT", &kDefaultRows}};
#ifdef FDL_ROWS_X86
  const std::string best = at::get_cpu_capability();
  if (best == "AVX2" || best == "AVX512") out.emplace_back("AVX2", &kAvx2Rows);
  if (best == "AVX512") out.emplace_back("AVX512", &kAvx512Rows);
#endif
  return out;
}

// The last of the list; libtorch's choice follows ATEN_CPU_CAPABILITY.
const RowFunctions& row_functions() {
  static const RowFunctions& chosen = *all_row_functions().back().second;
  return chosen;
}

}  // namespace fdl::kernels
