#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/base/result.h"
#include "lib/catalog/passes.h"
#include "lib/exec/node_timer.h"
#include "lib/graph/graph.h"
#include "lib/nn/step_context.h"
#include "lib/tensor/store.h"

// Runs a graph op by op, with libtorch's operators and autograd. Everything faster is held to it.
namespace fdl::exec {

// What a call gives: the wanted values, and what its states carry to the next call, in the order of
// graph::Graph::states. These are part of the call's gradient graph until they are detached.
struct Called {
  std::vector<at::Tensor> values, states;
};

// What the states of a first call hold, for so many samples; in the order of graph::Graph::states.
// A pure function of the seed and each state's path. Errors: FDL5404 when there is no room.
Result<std::vector<at::Tensor>> initial_states(const graph::Graph& graph, std::uint64_t seed,
                                               std::int64_t num_samples,
                                               at::Device device = at::kCPU);

// Shown what each node gives, in the order of the run; of a loop's body each turn. Experts that run
// as one are seen as their gate.
using NodeWatch = std::function<void(const graph::Node&, const std::vector<at::Tensor>& outputs)>;

class Executor {
 public:
  // `graph` must outlive the executor; `wanted` are the values that run() gives, in order.
  // It computes where the store's tensors are.
  // `passes`: what may run otherwise than op by op, and so round otherwise; where a timer or a
  // watch looks at the nodes of a chain, they run one by one all the same.
  Executor(const graph::Graph& graph, const tensor::TensorStore& store,
           std::vector<graph::ValueId> wanted, catalog::Passes passes = catalog::Passes::none());
  ~Executor();
  Executor(Executor&&) noexcept;

  at::Device device() const;

  // Measures each node from now on, or with null none.
  void set_timer(NodeTimer* timer) { timer_ = timer; }
  // Likewise.
  void set_watch(NodeWatch watch) { watch_ = std::move(watch); }
  // Nodes that do as in evaluation while others train, instead of those that are frozen in the
  // graph: their running statistics stay.
  void set_frozen(std::set<const graph::Node*> frozen) { frozen_ = std::move(frozen); }

  // Computes the wanted values from the model's inputs, which stand in the order of Graph::inputs
  // with the batch axis first. Gradients are recorded when context.training. Of a graph with states
  // it is a first call.
  // Errors: FDL5404 with the node's path and place.
  Result<std::vector<at::Tensor>> run(const std::vector<at::Tensor>& inputs,
                                      nn::StepContext context) const;

  // The same after other calls: `states` are what the former one left.
  Result<Called> call(const std::vector<at::Tensor>& inputs, const std::vector<at::Tensor>& states,
                      nn::StepContext context) const;

 private:
  struct Program;
  std::shared_ptr<const Program> program_;  // also held by what a backward pass may run again
  NodeTimer* timer_ = nullptr;
  NodeWatch watch_;
  std::optional<std::set<const graph::Node*>> frozen_;
};

// The gradients of `loss`, a scalar, in the order of `parameters`; undefined where it does not
// depend on one, or one does not require gradients. Frees what the forward kept unless `keeps`.
// Errors: FDL5404.
Result<std::vector<at::Tensor>> gradients(const at::Tensor& loss,
                                          const std::vector<tensor::NamedTensor>& parameters,
                                          bool keeps = false);

}  // namespace fdl::exec
