#pragma once

#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/base/result.h"
#include "lib/graph/graph.h"
#include "lib/nn/step_context.h"
#include "lib/tensor/store.h"

// Runs a graph op by op, with libtorch's operators and autograd. Everything faster is held to it.
namespace fdl::exec {

class Executor {
 public:
  // `graph` must outlive the executor; `wanted` are the values that run() gives, in order.
  Executor(const graph::Graph& graph, const tensor::TensorStore& store,
           std::vector<graph::ValueId> wanted);
  ~Executor();
  Executor(Executor&&) noexcept;

  // Computes the wanted values from the model's inputs, which stand in the order of Graph::inputs
  // with the batch axis first. Gradients are recorded when context.training.
  // Errors: FDL5404 with the node's path and place.
  Result<std::vector<at::Tensor>> run(const std::vector<at::Tensor>& inputs,
                                      nn::StepContext context) const;

 private:
  struct Program;
  std::shared_ptr<const Program> program_;  // also held by what a backward pass may run again
};

// The gradients of `loss`, a scalar, in the order of `parameters`; undefined where it does not
// depend on one, or one does not require gradients. Frees what the forward kept. Errors: FDL5404.
Result<std::vector<at::Tensor>> gradients(const at::Tensor& loss,
                                          const std::vector<tensor::NamedTensor>& parameters);

}  // namespace fdl::exec
