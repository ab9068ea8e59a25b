// The experts of a gate: one by one, all as one batch, or each on the samples that chose it.

#include <algorithm>
#include <set>
#include <tuple>

#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include "lib/exec/control.h"
#include "lib/exec/merge.h"
#include "lib/exec/run.h"
#include "lib/plan/expert_ways.h"
#include "lib/tensor/dtype.h"

namespace fdl::exec {
namespace {

using graph::Node;
using graph::ValueId;

// Experts that are alike, all at once: their values stand one after the other on the batch axis.
// What no expert has changed yet is there once.
class ExpertBatch {
 public:
  ExpertBatch(Run& run, const Step& gate, at::Tensor stream)
      : run_(run),
        gate_(gate),
        experts_(static_cast<std::int64_t>(gate.blocks.size())),
        samples_(stream.size(0)) {
    run_[gate.node->blocks.front().inputs.front()] = std::move(stream);
  }

  // [E, B, ...]: what each expert makes.
  Result<at::Tensor> made() {
    const std::vector<Step>& first = gate_.blocks.front();
    for (std::size_t i = 0; i < first.size(); ++i) {
      const Node& node = *first[i].node;
      FDL_TRY(Run::at_node(node, [&] {
        nn::Outputs out = one(i);
        for (std::size_t port = 0; port < out.size(); ++port)
          run_[node.outputs[port]] = std::move(out[port]);
      }));
      for (const ValueId id : first[i].dead) run_[id].reset();
    }
    return spread(gate_.node->blocks.front().outputs.front()).unflatten(0, {experts_, samples_});
  }

 private:
  bool is_apart(ValueId value) const { return apart_.count(value) != 0; }

  // [E * B, ...] of it.
  at::Tensor spread(ValueId value) {
    if (value == graph::kAbsent) return {};
    const at::Tensor& x = run_[value];
    if (is_apart(value)) return x;
    std::vector<std::int64_t> times(static_cast<std::size_t>(x.dim()), 1);
    times[0] = experts_;
    return x.repeat(times);
  }

  nn::Outputs one(std::size_t index) {
    const Step& step = gate_.blocks.front()[index];
    const Node& node = *step.node;
    const bool folds = plan::can_fold(node);
    if (folds && std::none_of(node.inputs.begin(), node.inputs.end(),
                              [this](ValueId v) { return is_apart(v); }))
      return run_.compute(step);
    nn::Outputs out = folds ? fold(step) : plan::is_linear(node) ? linear(index) : each(index);
    apart_.insert(node.outputs.begin(), node.outputs.end());
    return out;
  }

  nn::Outputs fold(const Step& step) {
    std::vector<at::Tensor> inputs;
    for (const ValueId value : step.node->inputs) inputs.push_back(spread(value));
    if (step.node->kind == Node::Kind::Merge)
      return {merge(step.node->merge, step.node->dim, inputs)};
    return run_.forward(step, inputs);
  }

  // One batched product instead of a product for each expert.
  nn::Outputs linear(std::size_t index) {
    const Node& node = *gate_.blocks.front()[index].node;
    const ValueId from = node.inputs.front();
    const at::Tensor &x = run_[from], weight = stack_of(index, "weight");
    std::vector<std::int64_t> shape = x.sizes().vec();
    const std::int64_t I = shape.back();
    at::Tensor rows = x.reshape({is_apart(from) ? experts_ : 1, -1, I});
    rows = rows.expand({experts_, rows.size(1), I});
    const at::Tensor bias = stack_of(index, "bias"), turned = weight.transpose(1, 2);
    shape[0] = experts_ * samples_;
    shape.back() = weight.size(1);
    return {(bias.defined() ? at::baddbmm(bias.unsqueeze(1), rows, turned) : at::bmm(rows, turned))
                .reshape(shape)};
  }

  // [E, ...] of one tensor of each expert, in the dtype that it computes in.
  at::Tensor stack_of(std::size_t index, std::string_view name) const {
    std::vector<at::Tensor> out;
    for (const std::vector<Step>& expert : gate_.blocks) out.push_back(expert[index].own[name]);
    if (!out.front().defined()) return {};
    const auto precision = gate_.blocks.front()[index].node->precision;
    const at::Tensor all = at::stack(out);
    return precision ? all.to(tensor::scalar_type(*precision)) : all;
  }

  // A module that has no other way: expert by expert.
  nn::Outputs each(std::size_t index) {
    const Node& node = *gate_.blocks.front()[index].node;
    std::vector<std::vector<at::Tensor>> parts(node.outputs.size());
    for (std::int64_t e = 0; e < experts_; ++e) {
      std::vector<at::Tensor> inputs;
      for (const ValueId value : node.inputs) {
        const at::Tensor x = value == graph::kAbsent ? at::Tensor() : run_[value];
        inputs.push_back(is_apart(value) ? x.narrow(0, e * samples_, samples_) : x);
      }
      nn::Outputs out = run_.forward(gate_.blocks[static_cast<std::size_t>(e)][index], inputs);
      for (std::size_t port = 0; port < out.size(); ++port)
        parts[port].push_back(std::move(out[port]));
    }
    nn::Outputs all;
    for (const std::vector<at::Tensor>& part : parts) all.push_back(at::cat(part));
    return all;
  }

  Run& run_;
  const Step& gate_;
  const std::int64_t experts_, samples_;  // how many
  std::set<ValueId> apart_;               // values of [E * B, ...]
};

}  // namespace

Result<void> Run::gate(const Step& step) {
  const Node& node = *step.node;
  at::Tensor weights = (*this)[node.inputs[0]], places;
  FDL_TRY(at_node(node, [&] {
    if (node.outputs.size() > 1) (*this)[node.outputs[1]] = balance_of(weights);
    if (node.top_k > 0) std::tie(weights, places) = keep_largest(weights, node.top_k);
  }));
  if (step.is_dealt) return dealt(step, weights, places);
  at::Tensor all, out;
  if (step.is_batched) {
    Result<at::Tensor> made = ExpertBatch(*this, step, (*this)[node.inputs[1]]).made();
    if (!made) return fail(made.error());
    all = *std::move(made);
  }
  for (std::size_t i = 0; i < step.blocks.size(); ++i) {
    const auto expert = static_cast<std::int64_t>(i);
    const Result<at::Tensor> made =
        all.defined() ? all[expert] : block(step, i, (*this)[node.inputs[1]]);
    if (!made) return fail(made.error());
    FDL_TRY(at_node(node, [&] {
      const at::Tensor part = weigh(*made, weights, expert);
      out = out.defined() ? out.add(part) : part;
    }));
  }
  (*this)[node.outputs.front()] = std::move(out);
  return {};
}

// Each expert on the samples that chose it; `places` [B, k] are the experts of each.
Result<void> Run::dealt(const Step& step, const at::Tensor& weights, const at::Tensor& places) {
  const Node& node = *step.node;
  const at::Tensor stream = (*this)[node.inputs[1]];
  std::vector<at::Tensor> parts, rows;
  for (std::size_t i = 0; i < step.blocks.size(); ++i) {
    const auto expert = static_cast<std::int64_t>(i);
    at::Tensor mine = places.eq(expert).any(1).nonzero().reshape({-1});
    // Nobody's expert takes a sample that gives it no weight, so that its gradients are zeros.
    if (mine.numel() == 0) mine = at::zeros({1}, mine.options());
    const Result<at::Tensor> made = block_of_rows(step, i, stream, mine);
    if (!made) return fail(made.error());
    parts.push_back(weigh(*made, weights.index_select(0, mine), expert));
    rows.push_back(mine);
  }
  return at_node(node, [&] {
    const at::Tensor all = at::cat(parts);
    std::vector<std::int64_t> shape = all.sizes().vec();
    shape[0] = stream.size(0);
    (*this)[node.outputs.front()] =
        at::zeros(shape, all.options()).index_add(0, at::cat(rows), all);
  });
}

}  // namespace fdl::exec
