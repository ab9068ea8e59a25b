#include "lib/nn/tile_convolution.h"

#include <optional>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/sum.h>
#include <torch/csrc/autograd/custom_function.h>

#include "lib/kernels/cut_conv.h"

// Axis letters: N images, C channels, F filters, H and W of the images, P and Q of what filters
// make of them, I and J of a filter. A transposed convolution goes from [N, F, P, Q] to
// [N, C, H, W].
namespace fdl::nn {
namespace {

using kernels::ConvPart;
using kernels::ConvSize;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using OptionalTensor = std::optional<at::Tensor>;

struct Task {
  ConvSize size;
  bool is_back = false;
  std::vector<std::int64_t> stride, padding, dilation, output_padding;
};

float* data_of(const at::Tensor& t) { return t.mutable_data_ptr<float>(); }
const float* data_of(const OptionalTensor& t) {
  return t.has_value() ? t->const_data_ptr<float>() : nullptr;
}

bool pays(const ConvSize& size, ConvPart part) {
  return kernels::tiles_in_use() != nullptr && kernels::tiles_pay(size, part);
}

// Undefined where tiles do not do it; the next likewise.
at::Tensor on_tiles(const ConvSize& size, ConvPart part, const at::Tensor& x,
                    const at::Tensor& weight, const OptionalTensor& bias) {
  if (!pays(size, part)) return {};
  const bool is_back = part == ConvPart::InputGradient;
  at::Tensor out =
      is_back ? at::empty({size.images, size.channels, size.h.in, size.w.in}, x.options())
              : at::empty({size.images, size.filters, size.h.out, size.w.out}, x.options());
  const auto run = is_back ? kernels::convolve_back : kernels::convolve;
  const bool is_done = run(*kernels::tile_functions(), size, x.const_data_ptr<float>(),
                           weight.const_data_ptr<float>(), data_of(bias), data_of(out));
  return is_done ? out : at::Tensor();
}

at::Tensor weight_gradient(const ConvSize& size, const at::Tensor& images,
                           const at::Tensor& filters, const at::Tensor& weight) {
  if (!pays(size, ConvPart::WeightGradient)) return {};
  at::Tensor out = at::empty_like(weight, at::MemoryFormat::Contiguous);
  const bool is_done =
      convolve_weight(*kernels::tile_functions(), size, images.const_data_ptr<float>(),
                      filters.const_data_ptr<float>(), data_of(out));
  return is_done ? out : at::Tensor();
}

class TileConvolution : public torch::autograd::Function<TileConvolution> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const OptionalTensor& bias, const Task& task) {
    context->save_for_backward({x, weight});
    context->saved_data["task"] = at::IValue::make_capsule(c10::make_intrusive<Held>(task));
    context->saved_data["has_bias"] = bias.has_value();
    const ConvPart part = task.is_back ? ConvPart::InputGradient : ConvPart::Forward;
    at::Tensor out = on_tiles(task.size, part, x, weight, bias);
    if (out.defined()) return out;
    if (!task.is_back) return at::conv2d(x, weight, bias, task.stride, task.padding, task.dilation);
    return at::conv_transpose2d(x, weight, bias, task.stride, task.padding, task.output_padding, 1,
                                task.dilation);
  }

  static variable_list backward(AutogradContext* context, const variable_list& by) {
    const auto held = context->saved_data["task"].toCapsule();
    const Task& task = static_cast<const Held&>(*held).task;
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], gradient = by[0].contiguous();
    const bool has_bias = context->saved_data["has_bias"].toBool();
    const bool wants_x = context->needs_input_grad(0), wants_weight = context->needs_input_grad(1);
    at::Tensor of_x, of_weight, of_bias;
    if (!at::GradMode::is_enabled()) {
      const ConvPart part = task.is_back ? ConvPart::Forward : ConvPart::InputGradient;
      if (wants_x) of_x = on_tiles(task.size, part, gradient, weight, std::nullopt);
      if (wants_weight)
        of_weight = weight_gradient(task.size, task.is_back ? gradient : x,
                                    task.is_back ? x : gradient, weight);
    }
    const bool lacks_x = wants_x && !of_x.defined();
    const bool lacks_weight = wants_weight && !of_weight.defined();
    if (lacks_x || lacks_weight) {
      auto [plain_x, plain_weight, plain_bias] = at::convolution_backward(
          gradient, x, weight, at::OptionalIntArrayRef(), task.stride, task.padding, task.dilation,
          task.is_back, task.output_padding, 1, {lacks_x, lacks_weight, false});
      if (lacks_x) of_x = std::move(plain_x);
      if (lacks_weight) of_weight = std::move(plain_weight);
    }
    if (has_bias && context->needs_input_grad(2)) of_bias = gradient.sum({0, 2, 3});
    return {of_x, of_weight, of_bias, at::Tensor()};
  }

 private:
  struct Held : torch::CustomClassHolder {
    explicit Held(Task of) : task(std::move(of)) {}
    Task task;
  };
};

bool is_fit(const at::Tensor& t) {
  return !t.defined() || (t.scalar_type() == at::kFloat && t.device().is_cpu() &&
                          t.layout() == at::kStrided && t.numel() > 0);
}

// `images` and `filters`: the sizes [H, W] and [P, Q].
ConvSize size_of(const Conv2dSteps& steps, const at::Tensor& weight, std::int64_t num,
                 at::IntArrayRef images, at::IntArrayRef filters) {
  const auto axis = [&](std::size_t i) {
    return kernels::ConvAxis{
        images[i],       filters[i],       weight.size(static_cast<std::int64_t>(i) + 2),
        steps.stride[i], steps.padding[i], steps.dilation[i]};
  };
  return {num, weight.size(1), weight.size(0), axis(0), axis(1)};
}

std::int64_t convolved(const kernels::ConvAxis& axis) {
  return (axis.in + 2 * axis.padding - axis.dilation * (axis.kernel - 1) - 1) / axis.stride + 1;
}

at::Tensor apply(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                 const ConvSize& size, bool is_back, const Conv2dSteps& steps,
                 at::IntArrayRef output_padding) {
  const Task task{size,
                  is_back,
                  steps.stride.vec(),
                  steps.padding.vec(),
                  steps.dilation.vec(),
                  output_padding.vec()};
  return TileConvolution::apply(x.contiguous(), weight.contiguous(),
                                bias.defined() ? OptionalTensor(bias.contiguous()) : std::nullopt,
                                task);
}

}  // namespace

at::Tensor convolve2d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      const Conv2dSteps& steps) {
  if (is_fit(x) && is_fit(weight) && is_fit(bias) && x.dim() == 4) {
    ConvSize size = size_of(steps, weight, x.size(0), x.sizes().slice(2), {1, 1});
    for (kernels::ConvAxis* axis : {&size.h, &size.w}) axis->out = convolved(*axis);
    if (pays(size, ConvPart::Forward)) return apply(x, weight, bias, size, false, steps, {0, 0});
  }
  return at::conv2d(x, weight, bias, steps.stride, steps.padding, steps.dilation);
}

at::Tensor convolve2d_back(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                           const Conv2dSteps& steps, at::IntArrayRef output_padding) {
  if (is_fit(x) && is_fit(weight) && is_fit(bias) && x.dim() == 4) {
    ConvSize size = size_of(steps, weight, x.size(0), {1, 1}, x.sizes().slice(2));
    bool is_inverse = true;  // of a convolution, or else the padding is too large
    std::size_t i = 0;
    for (kernels::ConvAxis* axis : {&size.h, &size.w}) {
      axis->in = (axis->out - 1) * axis->stride - 2 * axis->padding +
                 axis->dilation * (axis->kernel - 1) + output_padding[i++] + 1;
      is_inverse = is_inverse && axis->in > 0 && convolved(*axis) == axis->out;
    }
    if (is_inverse && pays(size, ConvPart::InputGradient))
      return apply(x, weight, bias, size, true, steps, output_padding);
  }
  return at::conv_transpose2d(x, weight, bias, steps.stride, steps.padding, output_padding, 1,
                              steps.dilation);
}

}  // namespace fdl::nn
