#include <algorithm>
#include <cmath>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "lib/nn/loss.h"
#include "tests/unit/engine/support.h"

// Every gradient of the catalogue against finite differences, in double. A new module or loss is
// here without a line.
namespace fdl::testing {
namespace {

// Central differences at kStep leave kStep^2 of the third derivative and 1e-16 / kStep of rounding.
constexpr double kStep = 1e-5, kTolerance = 1e-7;
constexpr std::int64_t kMostPlaces = 12;  // of one tensor that are looked at

using Scalar = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

// d f / d leaf[place], numerically.
double slope(const Scalar& f, std::vector<at::Tensor> leaves, std::size_t leaf,
             std::int64_t place) {
  const at::NoGradGuard no_grad;
  const auto at_offset = [&](double offset) {
    std::vector<at::Tensor> moved = leaves;
    moved[leaf] = leaves[leaf].clone();
    moved[leaf].mutable_data_ptr<double>()[place] += offset;
    return f(moved).item<double>();
  };
  return (at_offset(kStep) - at_offset(-kStep)) / (2 * kStep);
}

void check_slopes(const Scalar& f, const std::vector<at::Tensor>& leaves) {
  const auto found = torch::autograd::grad({f(leaves)}, leaves, {}, /*retain_graph=*/false,
                                           /*create_graph=*/false, /*allow_unused=*/true);
  for (std::size_t leaf = 0; leaf < leaves.size(); ++leaf) {
    const at::Tensor gradient = found[leaf].defined()
                                    ? found[leaf].contiguous()
                                    : at::zeros(leaves[leaf].sizes(), at::kDouble);
    const std::int64_t count = gradient.numel(),
                       stride = std::max<std::int64_t>(1, count / kMostPlaces);
    for (std::int64_t place = 0; place < count; place += stride) {
      CAPTURE(leaf);
      CAPTURE(place);
      const double analytic = gradient.const_data_ptr<double>()[place];
      const double numeric = slope(f, leaves, leaf, place);
      CHECK(std::abs(analytic - numeric) <= kTolerance * std::max(1.0, std::abs(analytic)));
    }
  }
}

// Random values for what a module owns; variances positive, counters zero.
at::Tensor owned_value(const catalog::TensorSpec& spec, const std::vector<std::int64_t>& shape,
                       std::uint64_t seed) {
  if (spec.dtype == catalog::DType::I64) return at::zeros(shape, at::kLong);
  const at::Tensor value = random_tensor(shape, seed, at::kDouble);
  return spec.is_buffer ? value.abs().add(0.5) : value;
}

// The tensors of one run, by what may move: `leaves` replace those that require gradients, in
// order.
std::vector<at::Tensor> with_leaves(const std::vector<at::Tensor>& tensors,
                                    const std::vector<at::Tensor>& leaves, std::size_t& next) {
  std::vector<at::Tensor> out;
  for (const at::Tensor& t : tensors) {
    if (t.defined() && t.requires_grad()) {
      out.push_back(leaves[next++]);
    } else {
      out.push_back(t.defined() ? t.clone() : t);
    }
  }
  return out;
}

// A weighted sum over all floating-point outputs.
at::Tensor weighted_sum(const nn::Outputs& outputs) {
  at::Tensor total = at::zeros({}, at::kDouble);
  for (const at::Tensor& out : outputs) {
    if (!out.is_floating_point()) continue;
    total = total.add(out.mul(random_tensor(out.sizes().vec(), 99, at::kDouble)).sum());
  }
  return total;
}

void check_module(const std::string& name, bool training) {
  Example example = example_of(name);
  const BoundModule& module = example.module;
  std::vector<std::string> names;
  std::vector<at::Tensor> values, leaves;
  for (const auto& spec : module.spec->owned(module.params.get())) {
    names.push_back(spec.name);
    values.push_back(owned_value(spec, module.owned().at(spec.name), 50 + values.size()));
    if (!spec.is_buffer) leaves.push_back(values.back().requires_grad_());
  }
  for (at::Tensor& input : example.inputs) {
    if (!input.defined() || !input.is_floating_point()) continue;
    leaves.push_back(input.requires_grad_());
  }
  const auto run = [&](const std::vector<at::Tensor>& moved) {
    std::size_t next = 0;
    const std::vector<at::Tensor> own = with_leaves(values, moved, next);
    const std::vector<at::Tensor> inputs = with_leaves(example.inputs, moved, next);
    nn::StepContext context;
    context.training = training;
    context.node_path = name;
    return weighted_sum(nn::find_forward(name)(module.params.get(), {names, own}, inputs, context));
  };
  if (leaves.empty() || !run(leaves).requires_grad()) return;
  check_slopes(run, leaves);
}

}  // namespace

TEST_CASE("each module's gradient is its slope") {
  for (const std::string& name : catalog::module_names()) {
    for (const bool training : {true, false}) {
      CAPTURE(name);
      CAPTURE(training);
      check_module(name, training);
    }
  }
}

// Every tensor of a loss moves, but those that name classes or lengths, and targets, which a loss
// need not be differentiable by. Moved ones stay what the loss takes: probabilities, and so on.
TEST_CASE("each loss's gradient is its slope") {
  for (const std::string& name : catalog::entry_names(catalog::EntryKind::Loss)) {
    CAPTURE(name);
    const catalog::Choice choice = choose(catalog::EntryKind::Loss, name);
    const std::vector<at::Tensor> sample = loss_sample(name);
    const auto& specs = choice.spec->compared;
    REQUIRE(!choice.spec->fits(choice.params.get(), types_of(sample)));
    const nn::Loss loss = nn::bind_loss(choice, types_of(sample));
    std::vector<at::Tensor> leaves;
    std::vector<std::size_t> moves;
    for (std::size_t i = 0; i < specs.size(); ++i) {
      if (specs[i].name == "target" || !sample[i].defined() || !sample[i].is_floating_point())
        continue;
      moves.push_back(i);
      leaves.push_back(random_tensor(sample[i].sizes().vec(), 7 + i, at::kDouble));
      leaves.back().requires_grad_();
    }
    check_slopes(
        [&](const std::vector<at::Tensor>& moved) {
          nn::Compared compared = sample;
          for (std::size_t i = 0; i < moves.size(); ++i)
            compared[moves[i]] = of_kind(specs[moves[i]].values, moved[i]);
          return loss(compared).mean;
        },
        leaves);
  }
}

}  // namespace fdl::testing
