#include "lib/tensor/flat_buffer.h"

#include <algorithm>

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/util/accumulate.h>
#include <c10/util/strides.h>

#include "lib/base/check.h"
#include "lib/base/machine.h"

namespace fdl::tensor {
namespace {

std::int64_t num_elements(const std::vector<Sizes>& shapes) {
  std::int64_t out = 0;
  for (const Sizes& shape : shapes) out += aligned_floats(c10::multiply_integers(shape));
  return out;
}

}  // namespace

FlatBuffer::FlatBuffer(const std::vector<Sizes>& shapes, at::Device device)
    : FlatBuffer(shapes,
                 at::zeros({num_elements(shapes)}, at::TensorOptions(at::kFloat).device(device))) {}

FlatBuffer FlatBuffer::on(at::Device device) const {
  std::vector<Sizes> shapes;
  for (const at::Tensor& view : views_) shapes.push_back(view.sizes().vec());
  return {shapes, all_.to(device)};
}

FlatBuffer FlatBuffer::uninitialised(const std::vector<Sizes>& shapes) {
  const at::Tensor all = at::empty({num_elements(shapes)}, at::kFloat);
  auto* at = all.mutable_data_ptr<float>();
  for (const Sizes& shape : shapes) {
    const std::int64_t count = c10::multiply_integers(shape);
    std::fill_n(at + count, aligned_floats(count) - count, 0.0F);
    at += aligned_floats(count);
  }
  return {shapes, all};
}

FlatBuffer::FlatBuffer(const std::vector<Sizes>& shapes, at::Tensor all) : all_(std::move(all)) {
  FDL_CHECK(reinterpret_cast<std::uintptr_t>(all_.data_ptr()) % 64 == 0);
  std::int64_t offset = 0;
  views_.reserve(shapes.size());
  for (const Sizes& shape : shapes) {
    // Not narrow(): views share one version counter, and writing one would spoil the others'
    // saved values.
    at::Tensor view = at::empty({0}, all_.options());
    view.set_(all_.storage(), offset, shape, c10::contiguous_strides(shape));
    views_.push_back(view);
    offset += aligned_floats(c10::multiply_integers(shape));
  }
}

}  // namespace fdl::tensor
