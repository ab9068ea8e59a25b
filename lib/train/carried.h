#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/base/result.h"
#include "lib/graph/graph.h"
#include "lib/tensor/tensor_file.h"

namespace fdl::train {

// How many calls an update of a model spans, at sequences of so many positions; 1 without states.
std::int64_t calls_per_update(const graph::Graph& graph, std::int64_t num_positions);

// What the states of a graph hold between its calls, a row for each sample of a batch.
class Carried {
 public:
  // `graph` must outlive it; `seed` is that of the first values.
  Carried(const graph::Graph& graph, std::uint64_t seed, at::Device device = at::kCPU)
      : graph_(graph), seed_(seed), device_(device) {}

  // Before the first position of a batch: states begin anew as their `reset` says. One that goes on
  // does so row by row; rows that the former batch did not have begin anew. Errors: FDL5404.
  Result<void> begin(std::int64_t num_samples, bool is_new_epoch);

  // In the order of Graph::states; empty before the first begin().
  const std::vector<at::Tensor>& values() const { return values_; }
  void take(std::vector<at::Tensor> values) { values_ = std::move(values); }
  // Cuts the gradients, and copies what may be a view of the batch.
  void detach();
  std::int64_t num_samples() const { return values_.empty() ? 0 : values_.front().size(0); }

  // Under their paths, to be saved once they are detached.
  std::vector<tensor::NamedTensor> named() const;
  // Errors: FDL5001, FDL5201, FDL5202 when the file does not hold the graph's states.
  Result<void> load(const std::filesystem::path& path);

 private:
  const graph::Graph& graph_;
  std::uint64_t seed_;
  at::Device device_;
  std::vector<at::Tensor> values_;
};

}  // namespace fdl::train
