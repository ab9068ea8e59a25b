#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "lib/graph/graph.h"
#include "lib/tensor/flat_buffer.h"
#include "lib/tensor/tensor_file.h"

namespace fdl::tensor {

// Everything a model owns. Trained tensors are f32 leaves that require gradients, all in one flat
// buffer; buffers (running statistics and the like) stand apart.
class TensorStore {
 public:
  // Each tensor starts from a random stream of its own, keyed by `seed` and its path: adding a
  // module changes no other. They are drawn on the CPU, so that every device begins with the same.
  TensorStore(const graph::Graph& graph, std::uint64_t seed, at::Device device = at::kCPU);

  at::Device device() const { return device_; }

  // In the order of graph::Graph::tensors.
  const std::vector<NamedTensor>& tensors() const { return tensors_; }
  // The trained ones among them, in the same order.
  const std::vector<NamedTensor>& parameters() const { return parameters_; }
  // The others, in the same order.
  const std::vector<NamedTensor>& buffers() const { return buffers_; }
  const FlatBuffer& parameter_buffer() const { return parameter_buffer_; }

  // model.safetensors: every tensor under its path. To save while training goes on, hand
  // snapshot(store.tensors()) to save_tensors. Errors: those of tensor_file.h.
  Result<void> save(const std::filesystem::path& path) const;
  Result<void> load(const std::filesystem::path& path);

 private:
  void move_to(at::Device device);

  at::Device device_ = at::kCPU;
  FlatBuffer parameter_buffer_;
  std::vector<NamedTensor> tensors_, parameters_, buffers_;
};

}  // namespace fdl::tensor
