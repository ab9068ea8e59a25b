#include "lib/exec/control.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/nonzero.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace fdl::exec {

using graph::Node;

namespace {

// One truth for each row, with as many axes as the tensor.
at::Tensor rows_like(const at::Tensor& truth, const at::Tensor& tensor) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(tensor.dim()), 1);
  shape[0] = truth.size(0);
  return truth.view(shape);
}

}  // namespace

TurnCount::TurnCount(const Node& loop, const at::Tensor& stream) : loop_(loop) {
  if (!loop.per_sample) return;
  running_ = at::ones({stream.size(0)}, stream.options().dtype(at::kBool));
  if (loop.counts_turns) counts_ = at::zeros({stream.size(0)}, stream.options().dtype(at::kLong));
}

bool TurnCount::goes_on(const at::Tensor& number) {
  const at::NoGradGuard no_grad;
  const bool is_while = loop_.condition == Node::Condition::While;
  const at::Tensor flat = number.reshape({-1}).to(at::kFloat);
  if (!loop_.per_sample) return (flat.mean().item<double>() > 0) == is_while;
  running_ = running_.logical_and(is_while ? flat.gt(0) : flat.le(0));
  return running_.any().item<bool>();
}

at::Tensor TurnCount::merge(const at::Tensor& before, at::Tensor made) {
  ++done_;
  if (!running_.defined()) return made;
  if (counts_.defined()) counts_ = counts_.add(running_);
  return at::where(rows_like(running_, made), made, before);
}

at::Tensor TurnCount::traced(const at::Tensor& made) const {
  if (!running_.defined() || made.size(0) != running_.size(0)) return made;
  return at::where(rows_like(running_, made), made, at::zeros({}, made.options()));
}

at::Tensor TurnCount::num_turns(const at::Tensor& stream) const {
  if (counts_.defined()) return counts_;
  return at::full({stream.size(0)}, done_, stream.options().dtype(at::kLong));
}

at::Tensor stack_turns(std::vector<at::Tensor> made, std::int64_t most,
                       const std::function<at::Tensor()>& like_none) {
  const auto missing = most - static_cast<std::int64_t>(made.size());
  if (missing == 0) return at::stack(made, 1);
  const at::Tensor none = made.empty() ? like_none() : at::zeros_like(made.front());
  std::vector<std::int64_t> sizes = none.sizes().vec();
  sizes.insert(sizes.begin() + 1, missing);
  const at::Tensor rest = none.unsqueeze(1).expand(sizes);
  return made.empty() ? rest.contiguous() : at::cat({at::stack(made, 1), rest}, 1);
}

std::tuple<at::Tensor, at::Tensor> keep_largest(const at::Tensor& weights, std::int64_t k) {
  const auto [values, places] = at::topk(weights, k, -1);
  const at::Tensor kept = at::zeros_like(weights).scatter(-1, places, values);
  return {kept.div(kept.sum(-1, /*keepdim=*/true)), places};
}

at::Tensor balance_of(const at::Tensor& weights) {
  const std::int64_t num_experts = weights.size(-1);
  const at::Tensor flat = weights.reshape({-1, num_experts}).to(at::kFloat);
  const at::Tensor favoured = at::one_hot(flat.argmax(1), num_experts).to(at::kFloat);
  return favoured.mean(0).mul(flat.mean(0)).sum().mul(static_cast<double>(num_experts));
}

at::Tensor weigh(const at::Tensor& made, const at::Tensor& weights, std::int64_t index) {
  at::Tensor weight = weights.select(-1, index).to(made.scalar_type());
  while (weight.dim() < made.dim()) weight = weight.unsqueeze(-1);
  return made.mul(weight);
}

std::optional<std::vector<at::Tensor>> deal_rows(const at::Tensor& selector, std::size_t count) {
  const at::Tensor chosen = selector.reshape({-1});
  std::vector<at::Tensor> out;
  std::int64_t dealt = 0;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(chosen.eq(static_cast<std::int64_t>(i)).nonzero().reshape({-1}));
    dealt += out.back().numel();
  }
  if (dealt != chosen.numel()) return std::nullopt;
  return out;
}

at::Tensor fold_axis(const at::Tensor& x, std::int64_t dim, std::int64_t slices) {
  const at::Tensor cut = slices > 0 ? x.unflatten(dim, {slices, x.size(dim) / slices}) : x;
  return cut.movedim(dim, 1).flatten(0, 1);
}

at::Tensor unfold_axis(const at::Tensor& made, const at::Tensor& whole, std::int64_t dim,
                       std::int64_t slices) {
  const std::int64_t count = slices > 0 ? slices : whole.size(dim);
  const at::Tensor apart = made.unflatten(0, {whole.size(0), count}).movedim(1, dim);
  return slices > 0 ? apart.flatten(dim, dim + 1) : apart;
}

at::Tensor positions(std::int64_t count, at::Device device) {
  return at::arange(count, at::TensorOptions(at::kLong).device(device)).unsqueeze(0);
}

}  // namespace fdl::exec
