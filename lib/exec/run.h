#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/base/result.h"
#include "lib/exec/executor.h"
#include "lib/exec/program.h"
#include "lib/nn/step_context.h"
#include "lib/tensor/errors.h"

namespace fdl::exec {

// Who looks at a run, and what they ask of it.
struct Hooks {
  NodeTimer* timer = nullptr;                            // null when nobody measures
  const NodeWatch* watch = nullptr;                      // null when nobody looks
  const std::set<const graph::Node*>* frozen = nullptr;  // instead of those of the graph
};

// One run: the values that exist at the moment, by ValueId. Internal to this folder.
class Run {
 public:
  // `owner` keeps the steps alive, which a backward pass may run again.
  Run(const graph::Graph& graph, nn::StepContext context, at::Device device,
      std::shared_ptr<const void> owner, Hooks hooks)
      : graph_(&graph),
        context_(std::move(context)),
        values_(graph.values.size()),
        device_(device),
        owner_(std::move(owner)),
        hooks_(hooks) {}

  at::Tensor& operator[](graph::ValueId id) { return values_[static_cast<std::size_t>(id)]; }
  Result<void> steps(const std::vector<Step>& list);
  // How long a named axis is in this run.
  void set_size(const std::string& axis, std::int64_t size) { axis_sizes_[axis] = size; }

  // What a node without blocks makes of its inputs, or a module of those given. Throws.
  std::vector<at::Tensor> compute(const Step& step);
  nn::Outputs forward(const Step& step, const std::vector<at::Tensor>& inputs);
  // The same with these tensors instead of the module's own.
  nn::Outputs forward(const Step& step, const nn::Tensors& own,
                      const std::vector<at::Tensor>& inputs);

  // Runs `body`; what it throws is told with the node.
  template <typename Body>
  static Result<void> at_node(const graph::Node& node, Body body) {
    try {
      body();
    } catch (const std::exception& thrown) {
      return fail(tensor::torch_failure(thrown, "this step", node.span).at_node(node.path));
    }
    return {};
  }

  // recompute.cpp: a run that computes `region` again as it would be computed now. What it reads is
  // there, cut off from its history; state that modules update is a copy.
  Run again(const Step& region);

 private:
  Result<void> one(const Step& step);
  // One block from `stream` to what it makes.
  Result<at::Tensor> block(const Step& step, std::size_t index, at::Tensor stream);
  // The same for those samples of the stream alone.
  Result<at::Tensor> block_of_rows(const Step& step, std::size_t index, const at::Tensor& stream,
                                   const at::Tensor& rows);
  Result<void> loop(const Step& step);
  Result<bool> goes_on(const Step& step, const at::Tensor& stream, class TurnCount& turns);
  // Zeros of the value's type, with a row for each of the stream.
  at::Tensor zeros_of(graph::ValueId id, const at::Tensor& stream) const;
  Result<void> choose(const Step& step);
  Result<void> region(const Step& step);  // recompute.cpp
  Result<void> fused(const Step& step);
  Result<void> conv_block(const Step& step);

  // experts.cpp
  Result<void> gate(const Step& step);
  Result<void> dealt(const Step& step, const at::Tensor& weights, const at::Tensor& places);

  // What a node has given, to who looks.
  void show(const graph::Node& node);
  bool is_frozen(const graph::Node& node) const {
    return hooks_.frozen != nullptr ? hooks_.frozen->count(&node) != 0 : node.is_frozen;
  }
  const nn::Tensors& own_of(const Step& step) const;
  std::vector<at::Tensor> gather(const std::vector<graph::ValueId>& ids);
  void scatter(const std::vector<graph::ValueId>& ids, std::vector<at::Tensor> tensors);

  const graph::Graph* graph_;
  std::map<std::string, std::int64_t> axis_sizes_;
  nn::StepContext context_;
  std::vector<at::Tensor> values_;
  at::Device device_;
  std::shared_ptr<const void> owner_;
  Hooks hooks_;
  std::shared_ptr<ChainTurns> turns_;            // of the loop at hand
  std::vector<tensor::Lanes> lanes_;             // around the folds at hand
  std::map<const Step*, nn::Tensors> buffered_;  // instead of the modules' own
};

}  // namespace fdl::exec
