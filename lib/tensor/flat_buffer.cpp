#include "lib/tensor/flat_buffer.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/util/accumulate.h>
#include <c10/util/strides.h>

#include "lib/base/check.h"

namespace fdl::tensor {
namespace {

constexpr std::int64_t kAlignedElements = 16;  // 64 bytes of f32: a cache line, an AVX-512 register

std::int64_t round_up(std::int64_t count) {
  return (count + kAlignedElements - 1) / kAlignedElements * kAlignedElements;
}

}  // namespace

FlatBuffer::FlatBuffer(const std::vector<Sizes>& shapes) {
  std::int64_t num_elements = 0;
  for (const Sizes& shape : shapes) num_elements += round_up(c10::multiply_integers(shape));
  all_ = at::zeros({num_elements}, at::kFloat);
  FDL_CHECK(reinterpret_cast<std::uintptr_t>(all_.data_ptr()) % 64 == 0);
  std::int64_t offset = 0;
  views_.reserve(shapes.size());
  for (const Sizes& shape : shapes) {
    // Not narrow(): views share one version counter, and writing one would spoil the others'
    // saved values.
    at::Tensor view = at::empty({0}, at::kFloat);
    view.set_(all_.storage(), offset, shape, c10::contiguous_strides(shape));
    views_.push_back(view);
    offset += round_up(c10::multiply_integers(shape));
  }
}

}  // namespace fdl::tensor
