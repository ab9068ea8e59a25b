#pragma once

#include <optional>

#include <ATen/core/Tensor.h>
#include <doctest/doctest.h>

// What the tests that need a GPU share.
namespace fdl::testing {

// The first one; asked before anything else asks libtorch about CUDA. Large products are libtorch's
// until a test takes others.
std::optional<at::Device> gpu();

// How far `found` is from what is exact, relative to that, by norms in f64; 0 where both are 0.
double error_of(const at::Tensor& found, const at::Tensor& exact);

}  // namespace fdl::testing

#define FDL_NEEDS_GPU           \
  if (!gpu()) {                 \
    MESSAGE("skipped: no GPU"); \
    return;                     \
  }
