#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include "lib/nn/channel_norm.h"

// What channel_norm.cpp and norm_relu.cpp compute alike: batch_norm over images [N, C, H, W] whose
// channels lie side by side, f32 on the CPU.
namespace fdl::nn {

// What threads share out: so many pieces of about `numbers` numbers each.
struct Pieces {
  std::int64_t count, numbers;
};

inline Pieces pixels_of(const at::Tensor& x) { return {x.numel() / x.size(1), x.size(1)}; }

inline std::int64_t num_shares(Pieces of) {
  constexpr std::int64_t kNumbers = 1 << 15;  // of one thread at least
  const std::int64_t most = std::min<std::int64_t>(at::get_num_threads(), of.count);
  return std::clamp<std::int64_t>(of.count * of.numbers / kNumbers, 1, most);
}

// Calls body(share, its first piece, the one behind its last), a share for each thread.
template <typename Body>
void share_out(Pieces of, Body body) {
  const std::int64_t shares = num_shares(of);
  at::parallel_for(0, shares, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t s = first; s < last; ++s)
      body(static_cast<std::size_t>(s), of.count * s / shares, of.count * (s + 1) / shares);
  });
}

// Two sums of each channel over all pixels.
struct ChannelSums {
  std::vector<double> first, second;
};

// body(share, its first piece, the one behind its last, where its two sums go); the shares add up
// in their order, so that one number of threads gives one sum.
template <typename Body>
ChannelSums sums_over(Pieces of, std::int64_t channels, Body body) {
  const auto C = static_cast<std::size_t>(channels);
  const auto shares = static_cast<std::size_t>(num_shares(of));
  std::vector<double> all(2 * C * shares, 0);
  share_out(of, [&](std::size_t share, std::int64_t begin, std::int64_t end) {
    double* const own = all.data() + 2 * C * share;
    body(share, begin, end, own, own + C);
  });
  ChannelSums out{std::vector<double>(C, 0), std::vector<double>(C, 0)};
  for (std::size_t s = 0; s < shares; ++s) {
    for (std::size_t c = 0; c < C; ++c) {
      out.first[c] += all[2 * C * s + c];
      out.second[c] += all[2 * C * s + C + c];
    }
  }
  return out;
}

// Of the batch; [C] each.
struct Statistics {
  at::Tensor mean, inverse;  // 1 / sqrt(variance + eps)
};

// Also makes the running ones newer.
Statistics statistics_of(const at::Tensor& x, const ChannelTensors& own, double newest, double eps);

// The scale and the shift that a norm has, or 1 and 0.
ChannelTensors affine_of(const ChannelTensors& own, const Statistics& like);

// What the norm multiplies x - mean by.
std::vector<float> scale_of(const Statistics& by, const at::Tensor& weight);

// The same of the gradient, and what it adds: a part of x - mean, and a number.
struct GradientFactors {
  std::vector<float> scale, slope, shift;
};
// `sums`: of the gradient of what the norm gave, and of it times x - mean, over `count` pixels.
GradientFactors gradient_factors(const ChannelSums& sums, std::int64_t count, const Statistics& by,
                                 const at::Tensor& weight);

// The gradients of weight and bias from these sums, [C].
at::Tensor weight_gradient(const ChannelSums& sums, const Statistics& by);
at::Tensor bias_gradient(const ChannelSums& sums, const Statistics& by);

}  // namespace fdl::nn
