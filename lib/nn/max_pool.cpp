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
#include "lib/nn/image_layout.h"

namespace fdl::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// For every line of windows, shared out among threads: function(plane or image, line).
template <typename Function>
void for_lines(const at::Tensor& x, Function function) {
  constexpr std::int64_t kNumbers = 1 << 15;  // of one thread at least
  const std::int64_t lines = x.size(2) / 2;
  const std::int64_t all = lines * x.size(0) * (has_channels_last(x) ? 1 : x.size(1));
  at::parallel_for(0, all, at::divup(kNumbers * all, x.numel()),
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t i = begin; i < end; ++i) function(i / lines, i % lines);
                   });
}

// Where a line of windows lies: its two rows in x, and its own in the output.
struct Line {
  std::int64_t top, bottom, out;
};

// Of one plane, or of an image whose pixels are `width` numbers.
Line line_at(const at::Tensor& x, std::int64_t plane, std::int64_t line, std::int64_t width) {
  const std::int64_t H = x.size(2), W = x.size(3) * width;
  const std::int64_t top = (plane * H + 2 * line) * W;
  return {top, top + W, (plane * (H / 2) + line) * (x.size(3) / 2) * width};
}

std::int64_t numbers_of_pixel(const at::Tensor& x) { return has_channels_last(x) ? x.size(1) : 1; }

at::Tensor pooled(const at::Tensor& x) {
  const kernels::RowFunctions& f = kernels::row_functions();
  const std::int64_t Q = x.size(3) / 2, width = numbers_of_pixel(x);
  at::Tensor out =
      at::empty({x.size(0), x.size(1), x.size(2) / 2, Q}, x.options(), x.suggest_memory_format());
  const auto* const from = x.const_data_ptr<float>();
  auto* const to = out.mutable_data_ptr<float>();
  const bool is_last = has_channels_last(x);
  for_lines(x, [&](std::int64_t plane, std::int64_t line) {
    const Line at = line_at(x, plane, line, width);
    if (is_last)
      f.max_pool_2x2_channels(from + at.top, from + at.bottom, to + at.out, Q, width);
    else
      f.max_pool_2x2(from + at.top, from + at.bottom, to + at.out, Q);
  });
  return out;
}

at::Tensor pooled_gradient(const at::Tensor& by, const at::Tensor& x) {
  const kernels::RowFunctions& f = kernels::row_functions();
  const std::int64_t H = x.size(2), W = x.size(3), Q = W / 2, width = numbers_of_pixel(x);
  at::Tensor out = at::empty_like(x);
  const at::Tensor gradient = by.contiguous(x.suggest_memory_format());
  const auto* const from = x.const_data_ptr<float>();
  const auto* const given = gradient.const_data_ptr<float>();
  auto* const to = out.mutable_data_ptr<float>();
  const bool is_last = has_channels_last(x);
  for_lines(x, [&](std::int64_t plane, std::int64_t line) {
    const Line at = line_at(x, plane, line, width);
    const auto run = [&](auto function, auto... channels) {
      function(given + at.out, from + at.top, from + at.bottom, to + at.top, to + at.bottom, Q,
               channels...);
    };
    if (is_last)
      run(f.max_pool_2x2_channels_gradient, width);
    else
      run(f.max_pool_2x2_gradient);
    if (W % 2 != 0) {
      for (const std::int64_t row : {at.top, at.bottom})
        std::fill_n(to + row + (W - 1) * width, width, 0.0F);
    }
    const bool is_end = H % 2 != 0 && line == H / 2 - 1;
    if (is_end) std::fill_n(to + at.bottom + W * width, W * width, 0.0F);
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
    if (!at::GradMode::is_enabled()) return {pooled_gradient(by[0], x)};
    constexpr std::int64_t kTwo[] = {2, 2}, kNone[] = {0, 0}, kOne[] = {1, 1};
    const at::Tensor places = std::get<1>(at::max_pool2d_with_indices(x.detach(), kTwo));
    return {at::max_pool2d_with_indices_backward(by[0], x, kTwo, kTwo, kNone, kOne, false, places)};
  }
};

}  // namespace

at::Tensor max_pool_2x2(const at::Tensor& x) {
  const bool is_fit = x.dim() == 4 && x.scalar_type() == at::kFloat && x.device().is_cpu() &&
                      x.layout() == at::kStrided && x.numel() > 0 && x.size(2) > 1 && x.size(3) > 1;
  return is_fit ? MaxPool2x2::apply(x.contiguous(x.suggest_memory_format())) : at::max_pool2d(x, 2);
}

}  // namespace fdl::nn
