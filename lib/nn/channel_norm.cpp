#include "lib/nn/channel_norm.h"

#include <array>
#include <tuple>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/native_batch_norm_backward.h>
#include <torch/csrc/autograd/custom_function.h>

#include "lib/kernels/rows.h"
#include "lib/nn/channel_parts.h"
#include "lib/nn/image_layout.h"

namespace fdl::nn {
namespace {

using kernels::row_functions;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

const float* data_of(const at::Tensor& t) { return t.const_data_ptr<float>(); }

at::Tensor normalised(const at::Tensor& x, const Statistics& by, const at::Tensor& weight,
                      const at::Tensor& bias) {
  const std::int64_t C = x.size(1);
  const std::vector<float> scale = scale_of(by, weight);
  at::Tensor out = at::empty_like(x);
  const auto* const from = x.const_data_ptr<float>();
  auto* const to = out.mutable_data_ptr<float>();
  share_out(pixels_of(x), [&](auto, std::int64_t begin, std::int64_t end) {
    row_functions().channel_norm(from + begin * C, {data_of(by.mean), scale.data(), data_of(bias)},
                                 to + begin * C, end - begin, C);
  });
  return out;
}

// Of x, weight and bias; those that are not wanted are undefined.
variable_list gradients_of(const at::Tensor& by, const at::Tensor& x, const at::Tensor& weight,
                           const Statistics& with, std::array<bool, 3> wanted) {
  const Pieces pixels = pixels_of(x);
  const std::int64_t C = x.size(1);
  const at::Tensor gradient = by.contiguous(at::MemoryFormat::ChannelsLast);
  const auto *given = gradient.const_data_ptr<float>(), *from = x.const_data_ptr<float>();
  const float* const mean = data_of(with.mean);
  const ChannelSums sums =
      sums_over(pixels, C, [&](auto, auto begin, auto end, double* sum, double* products) {
        row_functions().channel_norm_sums(given + begin * C, from + begin * C, mean, sum, products,
                                          end - begin, C);
      });
  variable_list out(3);
  if (wanted[1]) out[1] = weight_gradient(sums, with);
  if (wanted[2]) out[2] = bias_gradient(sums, with);
  if (!wanted[0]) return out;
  const GradientFactors factors = gradient_factors(sums, pixels.count, with, weight);
  out[0] = at::empty_like(x);
  auto* const to = out[0].mutable_data_ptr<float>();
  share_out(pixels, [&](auto, std::int64_t begin, std::int64_t end) {
    row_functions().channel_norm_gradient(
        given + begin * C, from + begin * C,
        {mean, factors.scale.data(), factors.slope.data(), factors.shift.data()}, to + begin * C,
        end - begin, C);
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

ChannelTensors channel_tensors(const Tensors& own) {
  return {own["weight"], own["bias"], own["running_mean"], own["running_var"]};
}

double count_batch(const catalog::BatchNormParams& p, const Tensors& own) {
  if (!p.track_running_stats) return p.momentum.value_or(0);
  const at::Tensor& count = own["num_batches_tracked"];
  count.add_(1);
  return p.momentum ? *p.momentum : 1 / count.item<double>();
}

at::Tensor batch_norm_channels(const at::Tensor& x, const ChannelTensors& own, double newest,
                               double eps) {
  const Statistics by = statistics_of(x, own, newest, eps);
  const ChannelTensors affine = affine_of(own, by);
  return BatchNormChannels::apply(x, affine.weight, affine.bias, by, eps);
}

}  // namespace fdl::nn
