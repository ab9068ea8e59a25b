#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/graph/graph.h"

namespace fdl::exec {

// Joins branches. Shapes are equal but along `dim` of a Concat, or broadcast (add: [a, b]); sums go
// from the first to the last.
at::Tensor merge(graph::MergeKind kind, std::int64_t dim, const std::vector<at::Tensor>& branches);

}  // namespace fdl::exec
