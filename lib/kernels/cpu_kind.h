#pragma once

#include <string_view>
#include <vector>

namespace fdl::kernels {

// For which instructions a machine code is made. Between kinds last bits of results may differ; of
// one kind they depend on the numbers alone.
enum class CpuKind { Plain, Avx2, Avx512 };
std::string_view name_of(CpuKind kind);  // "plain"

// Those that may be run, the fastest last: what this CPU has, as far as libtorch is let use it
// (ATEN_CPU_CAPABILITY).
const std::vector<CpuKind>& cpu_kinds();

}  // namespace fdl::kernels
