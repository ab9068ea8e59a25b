#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "lib/nn/channel_norm.h"
#include "tests/unit/engine/support.h"

// Images with channels last before a norm, in f32 and as f64, for tests that hold one to the other.
namespace fdl::testing {

struct NormSetup {
  static constexpr double kNewest = 0.1, kEps = 1e-5;

  at::Tensor x, added;  // the latter undefined where there is no sum
  nn::ChannelTensors own;

  explicit NormSetup(const std::vector<std::int64_t>& sizes, bool has_sum = false) {
    const auto images = [&](std::uint64_t seed) {
      return random_tensor(sizes, seed).to(at::kFloat).contiguous(at::MemoryFormat::ChannelsLast);
    };
    const auto channels = [&](std::uint64_t seed) {
      return random_tensor({sizes[1]}, seed).to(at::kFloat);
    };
    x = images(1).mul(3).add(5);
    if (has_sum) added = images(7);
    own = {channels(2), channels(3), channels(4), channels(5).abs()};
  }

  NormSetup in(at::ScalarType dtype) const {
    NormSetup out = *this;
    for (at::Tensor* t : {&out.x, &out.added, &out.own.weight, &out.own.bias, &out.own.running_mean,
                          &out.own.running_var}) {
      if (t->defined()) *t = t->to(dtype, false, /*copy=*/true);
    }
    return out;
  }

  std::vector<at::Tensor> leaves() {
    std::vector<at::Tensor> out = {x, own.weight, own.bias};
    if (added.defined()) out.push_back(added);
    for (at::Tensor& one : out) one.requires_grad_();
    return out;
  }

  at::Tensor norm_by_libtorch() const {
    return at::batch_norm(x, own.weight, own.bias, own.running_mean, own.running_var, true, kNewest,
                          kEps, false);
  }
};

inline std::vector<at::Tensor> norm_gradients(const at::Tensor& y,
                                              const std::vector<at::Tensor>& leaves) {
  const at::Tensor by = random_tensor(y.sizes().vec(), 9).to(y.scalar_type());
  return torch::autograd::grad({y}, leaves, {by});
}

// The largest error, as a part of the largest number.
inline double off(const at::Tensor& made, const at::Tensor& exact) {
  return (made.to(at::kDouble) - exact).abs().max().item<double>() /
         exact.abs().max().item<double>();
}

// How far a run in f32 is from one in f64.
struct NormErrors {
  double output, statistics, gradients;
  bool has_channels_last;
};

template <typename Run, typename RunLibtorch>
NormErrors norm_errors(const NormSetup& at_start, Run run, RunLibtorch run_libtorch) {
  NormSetup ours = at_start.in(at::kFloat), exact = at_start.in(at::kDouble);
  const auto our_leaves = ours.leaves(), exact_leaves = exact.leaves();
  const at::Tensor y = run(ours), expected = run_libtorch(exact);
  NormErrors out{off(y, expected), 0, 0, y.is_contiguous(at::MemoryFormat::ChannelsLast)};
  out.statistics = std::max(off(ours.own.running_mean, exact.own.running_mean),
                            off(ours.own.running_var, exact.own.running_var));
  const auto made = norm_gradients(y, our_leaves), wanted = norm_gradients(expected, exact_leaves);
  for (std::size_t i = 0; i < made.size(); ++i)
    out.gradients = std::max(out.gradients, off(made[i], wanted[i]));
  return out;
}

}  // namespace fdl::testing
