#include "lib/nn/convolve2d.h"

#include <optional>
#include <utility>
#include <vector>

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/sum.h>
#include <torch/csrc/autograd/custom_function.h>

#include "lib/kernels/cut_conv.h"
#include "lib/kernels/winograd.h"
#include "lib/nn/image_layout.h"
#include "lib/nn/weight_order.h"

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

// What libtorch's operators take beside tensors.
struct Task {
  std::optional<ConvSize> on_tiles;     // else with channels last,
  std::optional<ConvSize> by_winograd;  // and if not so either, libtorch's
  bool is_back = false;
  std::vector<std::int64_t> stride, padding, dilation, output_padding;
  std::int64_t groups = 1;

  at::MemoryFormat format() const {
    return on_tiles ? at::MemoryFormat::Contiguous : at::MemoryFormat::ChannelsLast;
  }
};

float* data_of(const at::Tensor& t) { return t.mutable_data_ptr<float>(); }
const float* data_of(const OptionalTensor& t) {
  return t.has_value() ? t->const_data_ptr<float>() : nullptr;
}

at::Tensor by_libtorch(const at::Tensor& x, const at::Tensor& weight, const OptionalTensor& bias,
                       const Task& task) {
  if (!task.is_back)
    return at::conv2d(x, weight, bias, task.stride, task.padding, task.dilation, task.groups);
  return at::conv_transpose2d(x, weight, bias, task.stride, task.padding, task.output_padding,
                              task.groups, task.dilation);
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

at::Tensor scratch_of(const ConvSize& size, const at::Tensor& like) {
  return at::empty({kernels::winograd_scratch(size)},
                   at::TensorOptions().dtype(at::kFloat).device(like.device()));
}

// Undefined where numbers are infinite or none; the next likewise.
at::Tensor by_winograd(const ConvSize& size, ConvPart part, const at::Tensor& x,
                       const at::Tensor& weight, const OptionalTensor& bias) {
  const bool is_back = part == ConvPart::InputGradient;
  const std::vector<std::int64_t> sizes =
      is_back ? std::vector{size.images, size.channels, size.h.in, size.w.in}
              : std::vector{size.images, size.filters, size.h.out, size.w.out};
  at::Tensor out = at::empty(sizes, x.options().memory_format(at::MemoryFormat::ChannelsLast));
  const at::Tensor scratch = scratch_of(size, x);
  const auto run = is_back ? kernels::convolve_winograd_back : kernels::convolve_winograd;
  const bool is_done =
      run(kernels::row_functions(), size, x.const_data_ptr<float>(), weight.const_data_ptr<float>(),
          data_of(bias), data_of(out), data_of(scratch));
  return is_done ? out : at::Tensor();
}

at::Tensor winograd_gradient(const ConvSize& size, const at::Tensor& images,
                             const at::Tensor& filters, const at::Tensor& weight) {
  at::Tensor out = at::empty_like(weight, at::MemoryFormat::Contiguous);
  const at::Tensor scratch = scratch_of(size, images);
  const bool is_done = kernels::convolve_winograd_weight(
      kernels::row_functions(), size, images.const_data_ptr<float>(),
      filters.const_data_ptr<float>(), data_of(out), data_of(scratch));
  return is_done ? out : at::Tensor();
}

// What libtorch does not do of a task; undefined where it has to.
at::Tensor by_own(const Task& task, bool is_back, const at::Tensor& x, const at::Tensor& weight,
                  const OptionalTensor& bias) {
  const ConvPart part = is_back ? ConvPart::InputGradient : ConvPart::Forward;
  if (task.on_tiles) return on_tiles(*task.on_tiles, part, x, weight, bias);
  return task.by_winograd ? by_winograd(*task.by_winograd, part, x, weight, bias) : at::Tensor();
}
at::Tensor gradient_by_own(const Task& task, const at::Tensor& images, const at::Tensor& filters,
                           const at::Tensor& weight) {
  if (task.on_tiles) return weight_gradient(*task.on_tiles, images, filters, weight);
  return task.by_winograd ? winograd_gradient(*task.by_winograd, images, filters, weight)
                          : at::Tensor();
}

class Convolution : public torch::autograd::Function<Convolution> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const OptionalTensor& bias, const Task& task) {
    context->save_for_backward({x, weight});
    context->saved_data["task"] = at::IValue::make_capsule(c10::make_intrusive<Held>(task));
    context->saved_data["has_bias"] = bias.has_value();
    at::Tensor out = by_own(task, task.is_back, x, weight, bias);
    if (out.defined()) return out;
    return by_libtorch(x, task.on_tiles ? weight : with_channels_last(weight), bias, task);
  }

  static variable_list backward(AutogradContext* context, const variable_list& by) {
    const auto held = context->saved_data["task"].toCapsule();
    const Task& task = static_cast<const Held&>(*held).task;
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], gradient = by[0].contiguous(task.format());
    const bool has_bias = context->saved_data["has_bias"].toBool();
    const bool wants_x = context->needs_input_grad(0), wants_weight = context->needs_input_grad(1);
    const bool is_recorded = at::GradMode::is_enabled();
    at::Tensor of_x, of_weight, of_bias;
    if (!is_recorded) {
      if (wants_x) of_x = by_own(task, !task.is_back, gradient, weight, std::nullopt);
      if (wants_weight)
        of_weight =
            gradient_by_own(task, task.is_back ? gradient : x, task.is_back ? x : gradient, weight);
    }
    const bool lacks_x = wants_x && !of_x.defined();
    const bool lacks_weight = wants_weight && !of_weight.defined();
    if (lacks_x || lacks_weight) {
      const bool orders = !is_recorded && !task.on_tiles;
      auto [plain_x, plain_weight, plain_bias] = at::convolution_backward(
          gradient, x, orders ? with_channels_last(weight) : weight, at::OptionalIntArrayRef(),
          task.stride, task.padding, task.dilation, task.is_back, task.output_padding, task.groups,
          {lacks_x, lacks_weight, false});
      if (lacks_x) of_x = std::move(plain_x);
      // Those who take it up go over numbers that lie as the weight's do.
      if (lacks_weight) of_weight = orders ? in_usual_order(plain_weight) : plain_weight;
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

bool is_fit(const Conv2dSteps& steps, const at::Tensor& x, const at::Tensor& weight,
            const at::Tensor& bias) {
  return steps.groups == 1 && x.dim() == 4 && is_fit(x) && is_fit(weight) && is_fit(bias);
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
                 const Task& task) {
  return Convolution::apply(x.contiguous(task.format()), weight.contiguous(),
                            bias.defined() ? OptionalTensor(bias.contiguous()) : std::nullopt,
                            task);
}

Task task_of(const Conv2dSteps& steps, bool is_back, at::IntArrayRef output_padding) {
  return {{},
          {},
          is_back,
          steps.stride.vec(),
          steps.padding.vec(),
          steps.dilation.vec(),
          output_padding.vec(),
          steps.groups};
}

// x and the weight with a fourth channel of zeros. cuDNN's deterministic gradient of a weight over
// three channels of f32 takes more than twice the time of one over four: on an H200 617 and 271 us
// for 128 images of 64 x 64 and 64 filters of 3 x 3.
std::pair<at::Tensor, at::Tensor> with_fourth_channel(const at::Tensor& x,
                                                      const at::Tensor& weight) {
  const auto padded = [](const at::Tensor& t) {
    return at::constant_pad_nd(t, {0, 0, 0, 0, 0, 1});  // of the last axis first
  };
  return {padded(x), padded(weight)};
}

bool wants_fourth_channel(const at::Tensor& x, const Task& task) {
  return !task.is_back && task.groups == 1 && x.size(1) == 3 && x.scalar_type() == at::kFloat &&
         at::globalContext().deterministicCuDNN();
}

// Images of that size with channels last.
bool filters_by_winograd(const Conv2dSteps& steps, const at::Tensor& x, const ConvSize& size,
                         std::int64_t channels) {
  return steps.puts_channels_last && steps.filters_by_winograd && x.size(1) == channels &&
         kernels::winograd_pays(size);
}

// Where tiles do not pay.
at::Tensor without_tiles(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                         const Task& task, bool puts_channels_last) {
  if (puts_channels_last && x.dim() == 4 && !x.device().is_cpu()) {
    constexpr auto kLast = at::MemoryFormat::ChannelsLast;
    const auto [images, filters] =
        wants_fourth_channel(x, task) ? with_fourth_channel(x, weight) : std::pair(x, weight);
    return by_libtorch(images.contiguous(kLast), filters.contiguous(kLast),
                       bias.defined() ? OptionalTensor(bias) : std::nullopt, task);
  }
  const bool orders =
      puts_channels_last && x.dim() == 4 && is_fit(x) && is_fit(weight) && is_fit(bias);
  if (orders) return apply(x, weight, bias, task);
  return by_libtorch(x, weight, bias.defined() ? OptionalTensor(bias) : std::nullopt, task);
}

}  // namespace

at::Tensor convolve2d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      const Conv2dSteps& steps) {
  Task task = task_of(steps, false, {0, 0});
  if (is_fit(steps, x, weight, bias)) {
    ConvSize size = size_of(steps, weight, x.size(0), x.sizes().slice(2), {1, 1});
    for (kernels::ConvAxis* axis : {&size.h, &size.w}) axis->out = convolved(*axis);
    if (pays(size, ConvPart::Forward)) {
      task.on_tiles = size;
      return apply(x, weight, bias, task);
    }
    if (filters_by_winograd(steps, x, size, size.channels)) task.by_winograd = size;
  }
  return without_tiles(x, weight, bias, task, steps.puts_channels_last);
}

at::Tensor convolve2d_back(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                           const Conv2dSteps& steps, at::IntArrayRef output_padding) {
  Task task = task_of(steps, true, output_padding);
  if (is_fit(steps, x, weight, bias)) {
    ConvSize size = size_of(steps, weight, x.size(0), {1, 1}, x.sizes().slice(2));
    bool is_inverse = true;  // of a convolution, or else the padding is too large
    std::size_t i = 0;
    for (kernels::ConvAxis* axis : {&size.h, &size.w}) {
      axis->in = (axis->out - 1) * axis->stride - 2 * axis->padding +
                 axis->dilation * (axis->kernel - 1) + output_padding[i++] + 1;
      is_inverse = is_inverse && axis->in > 0 && convolved(*axis) == axis->out;
    }
    if (is_inverse && pays(size, ConvPart::InputGradient)) {
      task.on_tiles = size;
      return apply(x, weight, bias, task);
    }
    if (is_inverse && filters_by_winograd(steps, x, size, size.filters)) task.by_winograd = size;
  }
  return without_tiles(x, weight, bias, task, steps.puts_channels_last);
}

}  // namespace fdl::nn
