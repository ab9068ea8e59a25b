#include "lib/nn/channel_norm.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/native_batch_norm_backward.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "lib/kernels/rows.h"
#include "lib/nn/image_layout.h"

namespace fdl::nn {
namespace {

using kernels::RowFunctions, kernels::row_functions;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Pixels whose channels lie side by side.
struct Pixels {
  std::int64_t count, channels;
};

Pixels pixels_of(const at::Tensor& x) { return {x.numel() / x.size(1), x.size(1)}; }

std::int64_t num_shares(Pixels of) {
  constexpr std::int64_t kNumbers = 1 << 15;  // of one thread at least
  const std::int64_t most = std::min<std::int64_t>(at::get_num_threads(), of.count);
  return std::clamp<std::int64_t>(of.count * of.channels / kNumbers, 1, most);
}

// Calls body(share, place of its first number, its pixels), a share for each thread.
template <typename Body>
void share_out(Pixels of, Body body) {
  const std::int64_t shares = num_shares(of);
  at::parallel_for(0, shares, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t s = first; s < last; ++s) {
      const std::int64_t begin = of.count * s / shares, end = of.count * (s + 1) / shares;
      body(static_cast<std::size_t>(s), begin * of.channels, end - begin);
    }
  });
}

// Two sums of each channel over all pixels.
struct Sums {
  std::vector<double> first, second;
};

// body(share's place, pixels, where its sums go); the shares add up in their order, so that one
// number of threads gives one sum.
template <typename Body>
Sums sums_over(Pixels of, Body body) {
  const auto C = static_cast<std::size_t>(of.channels);
  const auto shares = static_cast<std::size_t>(num_shares(of));
  std::vector<double> all(2 * C * shares, 0);
  share_out(of, [&](std::size_t share, std::int64_t place, std::int64_t count) {
    double* const own = all.data() + 2 * C * share;
    body(place, count, own, own + C);
  });
  Sums out{std::vector<double>(C, 0), std::vector<double>(C, 0)};
  for (std::size_t s = 0; s < shares; ++s) {
    for (std::size_t c = 0; c < C; ++c) {
      out.first[c] += all[2 * C * s + c];
      out.second[c] += all[2 * C * s + C + c];
    }
  }
  return out;
}

const float* data_of(const at::Tensor& t) { return t.const_data_ptr<float>(); }

void update(const at::Tensor& running, std::size_t channel, double value, double newest) {
  if (!running.defined()) return;
  float& at = running.mutable_data_ptr<float>()[channel];
  at = static_cast<float>((1 - newest) * at + newest * value);
}

// [C] each.
struct Statistics {
  at::Tensor mean, inverse;  // 1 / sqrt(variance + eps)
};

Statistics statistics_of(const at::Tensor& x, const ChannelTensors& own, double newest,
                         double eps) {
  const Pixels pixels = pixels_of(x);
  const auto* const from = x.const_data_ptr<float>();
  const Sums sums =
      sums_over(pixels, [&](std::int64_t place, std::int64_t count, double* sum, double* squares) {
        row_functions().channel_moments(from + place, sum, squares, count, pixels.channels);
      });
  const Statistics out{at::empty({pixels.channels}, x.options()),
                       at::empty({pixels.channels}, x.options())};
  const auto n = static_cast<double>(pixels.count);
  for (std::size_t c = 0; c < sums.first.size(); ++c) {
    const double mean = sums.first[c] / n;
    // A difference of NaN or infinite numbers stays what it is.
    const double variance = sums.second[c] / n - mean * mean, least = variance < 0 ? 0 : variance;
    out.mean.mutable_data_ptr<float>()[c] = static_cast<float>(mean);
    out.inverse.mutable_data_ptr<float>()[c] = static_cast<float>(1 / std::sqrt(least + eps));
    update(own.running_mean, c, mean, newest);
    update(own.running_var, c, least * n / (n - 1), newest);
  }
  return out;
}

at::Tensor normalised(const at::Tensor& x, const Statistics& by, const at::Tensor& weight,
                      const at::Tensor& bias) {
  const Pixels pixels = pixels_of(x);
  const auto C = static_cast<std::size_t>(pixels.channels);
  const float *inverse = data_of(by.inverse), *w = data_of(weight);
  std::vector<float> scale(C);
  for (std::size_t c = 0; c < C; ++c) scale[c] = inverse[c] * w[c];
  at::Tensor out = at::empty_like(x);
  const auto* const from = x.const_data_ptr<float>();
  auto* const to = out.mutable_data_ptr<float>();
  share_out(pixels, [&](std::size_t, std::int64_t place, std::int64_t count) {
    row_functions().channel_norm(from + place, {data_of(by.mean), scale.data(), data_of(bias)},
                                 to + place, count, pixels.channels);
  });
  return out;
}

// Of x, weight and bias; those that are not wanted are undefined.
variable_list gradients_of(const at::Tensor& by, const at::Tensor& x, const at::Tensor& weight,
                           const Statistics& with, std::array<bool, 3> wanted) {
  const Pixels pixels = pixels_of(x);
  const auto C = static_cast<std::size_t>(pixels.channels);
  const at::Tensor gradient = by.contiguous(at::MemoryFormat::ChannelsLast);
  const auto *given = gradient.const_data_ptr<float>(), *from = x.const_data_ptr<float>();
  const float *mean = data_of(with.mean), *inverse = data_of(with.inverse), *w = data_of(weight);
  const Sums sums =
      sums_over(pixels, [&](std::int64_t place, std::int64_t count, double* sum, double* products) {
        row_functions().channel_norm_sums(given + place, from + place, mean, sum, products, count,
                                          pixels.channels);
      });
  variable_list out(3);
  const auto of_channels = [&](auto value) {
    at::Tensor one = at::empty({pixels.channels}, x.options());
    auto* const to = one.mutable_data_ptr<float>();
    for (std::size_t c = 0; c < C; ++c) to[c] = static_cast<float>(value(c));
    return one;
  };
  if (wanted[1]) out[1] = of_channels([&](auto c) { return sums.second[c] * inverse[c]; });
  if (wanted[2]) out[2] = of_channels([&](auto c) { return sums.first[c]; });
  if (!wanted[0]) return out;
  // x - mean stands in the mean and in the deviation: Ioffe and Szegedy 2015, arXiv:1502.03167.
  std::vector<float> scale(C), slope(C), shift(C);
  const auto n = static_cast<double>(pixels.count);
  for (std::size_t c = 0; c < C; ++c) {
    const double by_scale = static_cast<double>(inverse[c]) * w[c];
    scale[c] = static_cast<float>(by_scale);
    slope[c] = static_cast<float>(-by_scale * inverse[c] * inverse[c] * sums.second[c] / n);
    shift[c] = static_cast<float>(-by_scale * sums.first[c] / n);
  }
  out[0] = at::empty_like(x);
  auto* const to = out[0].mutable_data_ptr<float>();
  share_out(pixels, [&](std::size_t, std::int64_t place, std::int64_t count) {
    row_functions().channel_norm_gradient(given + place, from + place,
                                          {mean, scale.data(), slope.data(), shift.data()},
                                          to + place, count, pixels.channels);
  });
  return out;
}

class BatchNormChannels : public torch::autograd::Function<BatchNormChannels> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const Statistics& by, double eps) {
    context->save_for_backward({x, weight, by.mean, by.inverse});
    context->saved_data["eps"] = eps;
    return normalised(x, by, weight, bias);
  }

  static variable_list backward(AutogradContext* context, const variable_list& by) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &mean = saved[2], &inverse = saved[3];
    const std::array<bool, 3> wanted = {context->needs_input_grad(0), context->needs_input_grad(1),
                                        context->needs_input_grad(2)};
    variable_list out;
    if (at::GradMode::is_enabled()) {
      auto [of_x, of_weight, of_bias] =
          at::native_batch_norm_backward(by[0], x, weight, {}, {}, mean, inverse, /*train=*/true,
                                         context->saved_data["eps"].toDouble(), wanted);
      out = {of_x, of_weight, of_bias};
    } else {
      out = gradients_of(by[0], x, weight, {mean, inverse}, wanted);
    }
    out.resize(5);  // of the statistics and eps none
    return out;
  }
};

bool is_float_or_none(const at::Tensor& t) {
  return !t.defined() || (t.scalar_type() == at::kFloat && t.is_contiguous());
}

}  // namespace

bool fits_batch_norm_channels(const at::Tensor& x, const ChannelTensors& own) {
  return has_channels_last(x) && x.scalar_type() == at::kFloat && x.device().is_cpu() &&
         x.numel() > 0 && is_float_or_none(own.weight) && is_float_or_none(own.bias) &&
         is_float_or_none(own.running_mean) && is_float_or_none(own.running_var);
}

at::Tensor batch_norm_channels(const at::Tensor& x, const ChannelTensors& own, double newest,
                               double eps) {
  const Statistics by = statistics_of(x, own, newest, eps);
  const at::Tensor weight = own.weight.defined() ? own.weight : at::ones_like(by.mean);
  const at::Tensor bias = own.bias.defined() ? own.bias : at::zeros_like(by.mean);
  return BatchNormChannels::apply(x, weight, bias, by, eps);
}

}  // namespace fdl::nn
