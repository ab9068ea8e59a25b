#include "lib/kernels/cpu_kind.h"

#include <string>

#include <ATen/Version.h>

namespace fdl::kernels {

std::string_view name_of(CpuKind kind) {
  if (kind == CpuKind::Avx512) return "avx512";
  return kind == CpuKind::Avx2 ? "avx2" : "plain";
}

const std::vector<CpuKind>& cpu_kinds() {
  static const std::vector<CpuKind> kinds = [] {
    std::vector<CpuKind> out = {CpuKind::Plain};
#ifdef FDL_CPU_KINDS
    const std::string best = at::get_cpu_capability();
    if (best == "AVX2" || best == "AVX512") out.push_back(CpuKind::Avx2);
    if (best == "AVX512") out.push_back(CpuKind::Avx512);
#endif
    return out;
  }();
  return kinds;
}

}  // namespace fdl::kernels
