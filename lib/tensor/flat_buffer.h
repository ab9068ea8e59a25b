#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace fdl::tensor {

using Sizes = std::vector<std::int64_t>;

// Many f32 tensors in one block of memory, in order. Each begins at a multiple of 64 bytes; the
// gaps are zero.
class FlatBuffer {
 public:
  FlatBuffer() = default;
  explicit FlatBuffer(const std::vector<Sizes>& shapes, at::Device device = at::kCPU);  // all zero
  // The same numbers on another device.
  FlatBuffer on(at::Device device) const;
  // Whose tensors hold anything.
  static FlatBuffer uninitialised(const std::vector<Sizes>& shapes);

  const at::Tensor& all() const { return all_; }  // f32[elements and gaps]
  // Tensors over parts of all(), with version counters and gradients of their own.
  const std::vector<at::Tensor>& views() const { return views_; }

 private:
  FlatBuffer(const std::vector<Sizes>& shapes, at::Tensor all);

  at::Tensor all_;
  std::vector<at::Tensor> views_;
};

}  // namespace fdl::tensor
