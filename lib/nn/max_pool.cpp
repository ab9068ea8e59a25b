#include "lib/nn/max_pool.h"

#include <algorithm>
#include <tuple>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/max_pool2d_with_indices.h>
#include <ATen/ops/max_pool2d_with_indices_backward.h>
#include <torch/csrc/autograd/custom_function.h>

#include "lib/kernels/rows.h"

namespace fdl::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// For every plane of the output, shared out among threads.
template <typename Function>
void for_planes(const at::Tensor& x, Function function) {
  constexpr std::int64_t kNumbers = 1 << 15;  // of one thread at least
  const std::int64_t plane = x.size(2) * x.size(3);
  at::parallel_for(0, x.size(0) * x.size(1), at::divup(kNumbers, plane),
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t i = begin; i < end; ++i) function(i);
                   });
}

at::Tensor pooled(const at::Tensor& x) {
  const std::int64_t H = x.size(2), W = x.size(3), P = H / 2, Q = W / 2;
  at::Tensor out = at::empty({x.size(0), x.size(1), P, Q}, x.options());
  const auto* const from = x.const_data_ptr<float>();
  auto* const to = out.mutable_data_ptr<float>();
  for_planes(x, [&](std::int64_t i) {
    for (std::int64_t p = 0; p < P; ++p) {
      const float* const top = from + (i * H + 2 * p) * W;
      kernels::row_functions().max_pool_2x2(top, top + W, to + (i * P + p) * Q, Q);
    }
  });
  return out;
}

at::Tensor pooled_gradient(const at::Tensor& gradient, const at::Tensor& x) {
  const std::int64_t H = x.size(2), W = x.size(3), P = H / 2, Q = W / 2;
  at::Tensor out = at::empty_like(x);
  const auto* const from = x.const_data_ptr<float>();
  const auto* const by = gradient.const_data_ptr<float>();
  auto* const to = out.mutable_data_ptr<float>();
  for_planes(x, [&](std::int64_t i) {
    for (std::int64_t p = 0; p < P; ++p) {
      const std::int64_t at = (i * H + 2 * p) * W;
      kernels::row_functions().max_pool_2x2_gradient(by + (i * P + p) * Q, from + at, from + at + W,
                                                     to + at, to + at + W, Q);
      if (W % 2 != 0) to[at + W - 1] = to[at + 2 * W - 1] = 0;
    }
    if (H % 2 != 0) std::fill_n(to + (i * H + H - 1) * W, W, 0.0F);
  });
  return out;
}

class MaxPool2x2 : public torch::autograd::Function<MaxPool2x2> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x) {
    context->save_for_backward({x});
    return pooled(x);
  }

  static variable_list backward(AutogradContext* context, const variable_list& by) {
    const at::Tensor x = context->get_saved_variables()[0];
    if (!at::GradMode::is_enabled()) return {pooled_gradient(by[0].contiguous(), x)};
    constexpr std::int64_t kTwo[] = {2, 2}, kNone[] = {0, 0}, kOne[] = {1, 1};
    const at::Tensor places = std::get<1>(at::max_pool2d_with_indices(x.detach(), kTwo));
    return {at::max_pool2d_with_indices_backward(by[0], x, kTwo, kTwo, kNone, kOne, false, places)};
  }
};

}  // namespace

at::Tensor max_pool_2x2(const at::Tensor& x) {
  const bool is_fit = x.dim() == 4 && x.scalar_type() == at::kFloat && x.device().is_cpu() &&
                      x.layout() == at::kStrided && x.numel() > 0 && x.size(2) > 1 && x.size(3) > 1;
  return is_fit ? MaxPool2x2::apply(x.contiguous()) : at::max_pool2d(x, 2);
}

}  // namespace fdl::nn
