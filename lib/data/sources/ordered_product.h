#pragma once

#include <ATen/core/Tensor.h>

namespace fdl::data {

// x [N, K] times w [K, M], both f32, on this thread and its helpers. Each number is the sum of its
// K products, every one of them rounded, in the order of K: the same bits on every machine and for
// every number of threads, which no library promises of its product.
at::Tensor ordered_product(const at::Tensor& x, const at::Tensor& w);

}  // namespace fdl::data
