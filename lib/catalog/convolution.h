#pragma once

#include <fmt/format.h>

#include "lib/catalog/spatial.h"

// Convolutions and transposed convolutions over N axes, declared once for every N.
namespace fdl::catalog {

template <std::size_t N>
struct ConvolutionParams {
  static constexpr std::size_t kAxes = N;
  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  Tuple<N> kernel_size = filled<N>(1);
  Tuple<N> stride = filled<N>(1);
  Padding<N> padding;
  Tuple<N> dilation = filled<N>(1);
  std::int64_t groups = 1;
  bool bias = true;
  std::string padding_mode = "zeros";
};

template <std::size_t N>
struct TransposedConvolutionParams {
  static constexpr std::size_t kAxes = N;
  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  Tuple<N> kernel_size = filled<N>(1);
  Tuple<N> stride = filled<N>(1);
  Tuple<N> padding = {};
  Tuple<N> output_padding = {};
  Tuple<N> dilation = filled<N>(1);
  std::int64_t groups = 1;
  bool bias = true;
};

// The parameters that both have before and after those of padding.
template <typename P>
void add_filter_params(ModuleBuilder<P>& module) {
  using config::alias, config::at_least, config::inferred, config::main_field, config::required;
  module
      .param("in_channels", &P::in_channels, "Channels that come in.", inferred, alias("in"),
             at_least(1))
      .param("out_channels", &P::out_channels, "Filters, which are the channels that go out.",
             required, main_field, alias("out"), at_least(1))
      .param("kernel_size", &P::kernel_size, extent_words(P::kAxes) + " of a filter.", required,
             alias("kernel"), at_least(1))
      .param("stride", &P::stride, "Step between two places of a filter.", at_least(1));
}

template <typename P>
void add_group_params(ModuleBuilder<P>& module) {
  using config::at_least;
  module.param("dilation", &P::dilation, "Distance between a filter's points.", at_least(1))
      .param("groups", &P::groups, "Split the channels into this many independent groups.",
             at_least(1))
      .param("bias", &P::bias, "Add a learned number per output channel.")
      .require([](const P& p) { return p.out_channels % p.groups == 0; },
               "'out_channels' must be a multiple of 'groups'");
}

// Infers the channels and checks the input; empty when it fits.
template <typename P>
std::optional<std::string> fit_channels(P& p, const TensorType& x) {
  if (auto why = needs_axes(x, P::kAxes, "in_channels")) return why;
  if (auto why = infer_size("in_channels", p.in_channels, x.shape[1])) return why;
  if (p.in_channels % p.groups == 0) return std::nullopt;
  return fmt::format("its {} input channels cannot be split into {} groups", p.in_channels,
                     p.groups);
}

// Kernels work on copies in an order of their own, with channels in blocks; `x` is [N, C, ...].
inline Dim blocked_bytes(const TensorType& x) {
  constexpr std::int64_t kBlock = 16;  // 64 bytes of float
  constexpr std::int64_t kFew = 3;     // a picture's: these stay as they are
  if (!x.shape[1].is_number() || x.shape[1].number() <= kFew) return bytes_of(x);
  TensorType padded = x;
  padded.shape[1] = Dim((x.shape[1].number() + kBlock - 1) / kBlock * kBlock);
  return bytes_of(padded);
}

template <typename P>
Dim filter_bytes(const P& p, const TensorType& x) {
  return bytes_of(Dim(p.in_channels / p.groups * p.out_channels * product(p.kernel_size)), x);
}

template <typename P>
Dim forward_work_of(const P& p, const TensorType& x, const TensorType& out) {
  return blocked_bytes(out) + filter_bytes(p, x);
}

template <typename P>
Dim backward_work_of(const P& p, const TensorType& x, const TensorType& out) {
  return blocked_bytes(x) + blocked_bytes(out) + filter_bytes(p, x);
}

template <std::size_t N>
AddedSides sides_of(const ConvolutionParams<N>& p, std::size_t axis) {
  return added_sides(p.padding.word, p.padding.sides[axis], p.kernel_size[axis], p.dilation[axis]);
}

template <std::size_t N>
tl::expected<Shape, std::string> convolved(ConvolutionParams<N>& p, const TensorType& x) {
  if (auto why = fit_channels(p, x)) return tl::unexpected(*why);
  std::array<Window, N> windows;
  for (std::size_t i = 0; i < N; ++i) {
    const AddedSides added = sides_of(p, i);
    windows[i] = {p.kernel_size[i], p.stride[i], p.dilation[i], added, false};
    // A reflection needs one place more than it adds, a circle as many.
    const std::int64_t needed = std::max(added.before, added.after) + (p.padding_mode == "reflect");
    const bool repeats = p.padding_mode == "reflect" || p.padding_mode == "circular";
    const Dim& in = x.shape[i + 2];
    if (repeats && in.is_number() && in.number() < needed)
      return tl::unexpected(fmt::format("'padding_mode: {}' needs at least {} places, not {}",
                                        p.padding_mode, needed, in.text()));
  }
  return walk(x, p.out_channels, windows);
}

template <std::size_t N>
ModuleSpec convolution_spec(const std::string& example, std::vector<std::string> inputs = {}) {
  using P = ConvolutionParams<N>;
  ModuleBuilder<P> module(fmt::format("conv{}d", N),
                          fmt::format("Slide learned filters over {}.", last_axes_words(N)));
  add_filter_params(module);
  module.param("padding", &P::padding, "Added at each side, or 'same' or 'valid'.");
  add_group_params(module);
  return module
      .param("padding_mode", &P::padding_mode,
             "What the padding holds: zeros, the mirrored, the outermost or the opposite values.",
             config::choices({"zeros", "reflect", "replicate", "circular"}))
      .require(
          [](const P& p) {
            return p.padding.word != PaddingWord::Same || p.stride == filled<N>(1);
          },
          "'padding: same' needs a stride of 1")
      .tensor("weight", "[out_channels, in_channels / groups, kernel_size]",
              kaiming_uniform(2.23606797749979))
      .tensor("bias", "[out_channels]", bias_uniform(), &P::bias)
      .shape(walk_text(N, "in_channels", "out_channels",
                       "({} + 2*padding - dilation*(kernel_size - 1) - 1)/stride + 1"),
             convolved<N>)
      .flops([](const P& p, const TensorType&, const TensorType& out) {
        return num_elements(out.shape) *
               Dim(2 * (p.in_channels / p.groups) * product(p.kernel_size));
      })
      .forward_work(forward_work_of<P>)
      .backward_work(backward_work_of<P>)
      .source(fmt::format("torch.nn.Conv{}d", N))
      .example(example, std::move(inputs));
}

template <std::size_t N>
tl::expected<Shape, std::string> convolved_back(TransposedConvolutionParams<N>& p,
                                                const TensorType& x) {
  if (auto why = fit_channels(p, x)) return tl::unexpected(*why);
  Shape out = {x.shape[0], p.out_channels};
  for (std::size_t i = 0; i < N; ++i) {
    const std::int64_t added = p.dilation[i] * (p.kernel_size[i] - 1) + p.output_padding[i] + 1;
    out.push_back((x.shape[i + 2] - Dim(1)) * Dim(p.stride[i]) + Dim(added - 2 * p.padding[i]));
    if (out.back().is_number() && out.back().number() < 1)
      return tl::unexpected(fmt::format(
          "its 'padding' takes everything away from an axis of size {}", x.shape[i + 2].text()));
  }
  return out;
}

template <std::size_t N>
bool output_padding_fits(const TransposedConvolutionParams<N>& p) {
  for (std::size_t i = 0; i < N; ++i) {
    if (p.output_padding[i] >= std::max(p.stride[i], p.dilation[i])) return false;
  }
  return true;
}

template <std::size_t N>
ModuleSpec transposed_convolution_spec(const std::string& example,
                                       std::vector<std::string> inputs = {}) {
  using P = TransposedConvolutionParams<N>;
  ModuleBuilder<P> module(
      fmt::format("conv_transpose{}d", N),
      fmt::format("Spread each place of {} by learned filters: a convolution's gradient.",
                  last_axes_words(N)));
  add_filter_params(module);
  module
      .param("padding", &P::padding, "Taken away at each side of the output.", config::at_least(0))
      .param("output_padding", &P::output_padding, "Added at the end of each axis of the output.",
             config::at_least(0));
  add_group_params(module);
  return module
      .require(output_padding_fits<N>, "'output_padding' must be below 'stride' or 'dilation'")
      .tensor("weight", "[in_channels, out_channels / groups, kernel_size]",
              kaiming_uniform(2.23606797749979))
      .tensor("bias", "[out_channels]", bias_uniform(), &P::bias)
      .shape(walk_text(
                 N, "in_channels", "out_channels",
                 "({} - 1)*stride - 2*padding + dilation*(kernel_size - 1) + output_padding + 1"),
             convolved_back<N>)
      .flops([](const P& p, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) *
               Dim(2 * (p.out_channels / p.groups) * product(p.kernel_size));
      })
      .forward_work(forward_work_of<P>)
      .backward_work(backward_work_of<P>)
      .source(fmt::format("torch.nn.ConvTranspose{}d", N))
      .example(example, std::move(inputs));
}

}  // namespace fdl::catalog
