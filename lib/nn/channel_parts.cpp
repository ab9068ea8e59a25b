#include "lib/nn/channel_parts.h"

#include <cmath>

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros_like.h>

#include "lib/kernels/rows.h"

namespace fdl::nn {
namespace {

void update(const at::Tensor& running, std::size_t channel, double value, double newest) {
  if (!running.defined()) return;
  float& at = running.mutable_data_ptr<float>()[channel];
  at = static_cast<float>((1 - newest) * at + newest * value);
}

template <typename Value>
at::Tensor of_channels(const Statistics& like, Value value) {
  at::Tensor out = at::empty_like(like.mean);
  auto* const to = out.mutable_data_ptr<float>();
  for (std::int64_t c = 0; c < out.numel(); ++c)
    to[c] = static_cast<float>(value(static_cast<std::size_t>(c)));
  return out;
}

}  // namespace

Statistics statistics_of(const at::Tensor& x, const ChannelTensors& own, double newest,
                         double eps) {
  const Pieces pixels = pixels_of(x);
  const std::int64_t C = x.size(1);
  const auto* const from = x.const_data_ptr<float>();
  const ChannelSums sums =
      sums_over(pixels, C, [&](auto, auto begin, auto end, double* sum, double* squares) {
        kernels::row_functions().channel_moments(from + begin * C, sum, squares, end - begin, C);
      });
  const Statistics out{at::empty({C}, x.options()), at::empty({C}, x.options())};
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

ChannelTensors affine_of(const ChannelTensors& own, const Statistics& like) {
  ChannelTensors out;
  out.weight = own.weight.defined() ? own.weight : at::ones_like(like.mean);
  out.bias = own.bias.defined() ? own.bias : at::zeros_like(like.mean);
  return out;
}

std::vector<float> scale_of(const Statistics& by, const at::Tensor& weight) {
  const auto* const inverse = by.inverse.const_data_ptr<float>();
  const auto* const w = weight.const_data_ptr<float>();
  std::vector<float> out(static_cast<std::size_t>(weight.numel()));
  for (std::size_t c = 0; c < out.size(); ++c) out[c] = inverse[c] * w[c];
  return out;
}

GradientFactors gradient_factors(const ChannelSums& sums, std::int64_t count, const Statistics& by,
                                 const at::Tensor& weight) {
  const std::size_t C = sums.first.size();
  const auto* const inverse = by.inverse.const_data_ptr<float>();
  const auto* const w = weight.const_data_ptr<float>();
  // x - mean stands in the mean and in the deviation: Ioffe and Szegedy 2015, arXiv:1502.03167.
  GradientFactors out{std::vector<float>(C), std::vector<float>(C), std::vector<float>(C)};
  const auto n = static_cast<double>(count);
  for (std::size_t c = 0; c < C; ++c) {
    const double scale = static_cast<double>(inverse[c]) * w[c];
    out.scale[c] = static_cast<float>(scale);
    out.slope[c] = static_cast<float>(-scale * inverse[c] * inverse[c] * sums.second[c] / n);
    out.shift[c] = static_cast<float>(-scale * sums.first[c] / n);
  }
  return out;
}

at::Tensor weight_gradient(const ChannelSums& sums, const Statistics& by) {
  const auto* const inverse = by.inverse.const_data_ptr<float>();
  return of_channels(by, [&](std::size_t c) { return sums.second[c] * inverse[c]; });
}

at::Tensor bias_gradient(const ChannelSums& sums, const Statistics& by) {
  return of_channels(by, [&](std::size_t c) { return sums.first[c]; });
}

}  // namespace fdl::nn
