// Regions whose inner values are computed again in the backward pass: Chen et al. 2016,
// arXiv:1604.06174.
#include <optional>
#include <set>

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include "lib/exec/run.h"

namespace fdl::exec {
namespace {

using torch::autograd::variable_list;

// The trained tensors of all modules in the steps.
variable_list parameters_of(const std::vector<Step>& steps) {
  variable_list out;
  std::set<const void*> known;  // a tied one comes twice
  for_each_module(steps, [&](const Step& step) {
    for (const at::Tensor& tensor : step.own.values()) {
      if (tensor.requires_grad() && known.insert(tensor.unsafeGetTensorImpl()).second)
        out.push_back(tensor);
    }
  });
  return out;
}

// What stands in the autograd graph for a whole region: its inputs are what the region reads and
// its parameters, as far as they require gradients.
class Recomputation : public torch::autograd::Node {
 public:
  Recomputation(const Step& region, Run run, variable_list leaves)
      : region_(region), run_(std::move(run)), leaves_(std::move(leaves)) {}

  variable_list apply(variable_list&& gradients) override {
    TORCH_CHECK(run_, "a region with `recompute` goes through one backward pass only");
    const at::AutoGradMode records(true);
    Run run = *std::move(run_);  // which keeps the region's steps alive
    const variable_list leaves = std::move(leaves_);
    release_variables();
    const Result<void> done = run.steps(region_.blocks.front());
    TORCH_CHECK(done.has_value(), done.has_value() ? "" : done.error().message);
    variable_list made, theirs;
    for (std::size_t i = 0; i < region_.makes.size(); ++i) {
      const at::Tensor& value = run[region_.makes[i]];
      if (!gradients[i].defined() || !value.requires_grad()) continue;
      made.push_back(value);
      theirs.push_back(gradients[i]);
    }
    if (made.empty()) return variable_list(leaves.size());
    return torch::autograd::grad(made, leaves, theirs, /*retain_graph=*/false,
                                 /*create_graph=*/false, /*allow_unused=*/true);
  }

  void release_variables() override {
    run_.reset();
    leaves_.clear();
  }

 private:
  const Step& region_;
  std::optional<Run> run_;
  variable_list leaves_;
};

}  // namespace

Run Run::again(const Step& region) {
  Run out = *this;
  out.hooks_.timer = nullptr;  // it is a part of the backward pass
  out.hooks_.watch = nullptr;
  out.values_.assign(values_.size(), {});
  for (const graph::ValueId id : region.outer.front()) {
    const at::Tensor& value = (*this)[id];
    if (value.defined()) out[id] = value.detach().requires_grad_(value.requires_grad());
  }
  for_each_module(region.blocks.front(), [&](const Step& step) {
    const bool updates = step.node->spec->updates_buffers() && !is_frozen(*step.node);
    if (!updates && step.computed.empty()) return;
    out.buffered_[&step] = own_of(step).map(
        [](const at::Tensor& t) { return t.requires_grad() ? t : t.detach().clone(); });
  });
  return out;
}

Result<void> Run::region(const Step& step) {
  const std::vector<Step>& inner = step.blocks.front();
  if (!at::GradMode::is_enabled()) return steps(inner);
  Run again = this->again(step);
  variable_list originals, leaves;
  for (const graph::ValueId id : step.outer.front()) {
    const at::Tensor& value = (*this)[id];
    if (!value.defined() || !value.requires_grad()) continue;
    originals.push_back(value);
    leaves.push_back(again[id]);
  }
  for (at::Tensor& parameter : parameters_of(inner)) {
    originals.push_back(parameter);
    leaves.push_back(std::move(parameter));
  }
  if (originals.empty()) return steps(inner);
  {
    const at::NoGradGuard no_grad;
    FDL_TRY(steps(inner));
  }
  const std::shared_ptr<Recomputation> function(
      new Recomputation(step, std::move(again), std::move(leaves)), torch::autograd::deleteNode);
  function->set_next_edges(torch::autograd::collect_next_edges(originals));
  for (const graph::ValueId id : step.makes) {
    at::Tensor& value = (*this)[id];
    const bool has_history =
        value.defined() && torch::autograd::isDifferentiableType(value.scalar_type());
    if (has_history) value = value.detach();
    torch::autograd::set_history(has_history ? value : at::Tensor(), function);
  }
  return {};
}

}  // namespace fdl::exec
