#pragma once

#include <fmt/format.h>

#include "lib/catalog/spatial.h"

// Poolings over N axes, declared once for every N.
namespace fdl::catalog {

template <std::size_t N>
struct MaxPoolParams {
  static constexpr std::size_t kAxes = N;
  Tuple<N> kernel_size = filled<N>(1);
  std::optional<Tuple<N>> stride;
  Tuple<N> padding = {};
  Tuple<N> dilation = filled<N>(1);
  bool ceil_mode = false;
};

template <std::size_t N>
struct AvgPoolParams {
  static constexpr std::size_t kAxes = N;
  Tuple<N> kernel_size = filled<N>(1);
  std::optional<Tuple<N>> stride;
  Tuple<N> padding = {};
  bool ceil_mode = false;
  bool count_include_pad = true;
  std::optional<std::int64_t> divisor_override;  // over two and three axes
};

template <std::size_t N>
struct LpPoolParams {
  static constexpr std::size_t kAxes = N;
  double norm_type = 2;
  Tuple<N> kernel_size = filled<N>(1);
  std::optional<Tuple<N>> stride;
  bool ceil_mode = false;
};

template <std::size_t N>
struct AdaptivePoolParams {
  std::array<std::optional<std::int64_t>, N> output_size;

  AdaptivePoolParams() { output_size.fill(1); }
};

// The parameters that all windows have; `main` goes to the kernel.
template <typename P, typename... Main>
ModuleBuilder<P>& add_window_params(ModuleBuilder<P>& module, Main... main) {
  using config::alias, config::at_least, config::required;
  return module
      .param("kernel_size", &P::kernel_size, extent_words(P::kAxes) + " of a window.", required,
             alias("kernel"), at_least(1), main...)
      .param("stride", &P::stride, "Step between two windows; null means the kernel's size.",
             at_least(1));
}

template <typename P>
bool padding_is_narrow(const P& p) {
  for (std::size_t i = 0; i < P::kAxes; ++i) {
    if (p.padding[i] * 2 > p.kernel_size[i]) return false;
  }
  return true;
}

template <typename P>
tl::expected<Shape, std::string> pooled(P& p, const TensorType& x) {
  const auto stride = p.stride.value_or(p.kernel_size);
  std::array<Window, P::kAxes> windows;
  for (std::size_t i = 0; i < P::kAxes; ++i) {
    windows[i] = {p.kernel_size[i], stride[i], 1, {}, p.ceil_mode};
    if constexpr (requires { p.padding; }) windows[i].added = {p.padding[i], p.padding[i]};
    if constexpr (requires { p.dilation; }) windows[i].dilation = p.dilation[i];
  }
  return walk(x, x.shape.size() > 1 ? x.shape[1] : Dim(0), windows);
}

// libtorch's averages over three axes want each window within the input without its padding.
template <typename P>
tl::expected<Shape, std::string> averaged(P& p, const TensorType& x) {
  constexpr std::size_t N = P::kAxes;
  for (std::size_t i = 0; N == 3 && i < N && i + 2 < x.shape.size(); ++i) {
    const Dim& in = x.shape[i + 2];
    if (in.is_number() && in.number() < p.kernel_size[i])
      return tl::unexpected(
          fmt::format("its window does not fit into an axis of size {}", in.text()));
  }
  return pooled(p, x);
}

template <typename P>
Dim pool_flops(const P& p, const TensorType&, const TensorType& out) {
  return num_elements(out.shape) * Dim(product(p.kernel_size));
}

// Whether windows of two by two lie side by side: f32 on the CPU then has its own loop, which finds
// the maxima again for the gradient.
template <typename P>
bool is_halving(const P& p) {
  using Axes = Tuple<P::kAxes>;
  return P::kAxes == 2 && p.kernel_size == filled<P::kAxes>(2) &&
         p.stride.value_or(p.kernel_size) == p.kernel_size && p.padding == Axes{} &&
         p.dilation == filled<P::kAxes>(1) && !p.ceil_mode;
}

template <std::size_t N>
ModuleSpec max_pool_spec(const std::string& example, std::vector<std::string> inputs = {}) {
  using P = MaxPoolParams<N>;
  ModuleBuilder<P> module(fmt::format("max_pool{}d", N), "The largest value of each window.");
  return add_window_params(module, config::main_field)
      .param("padding", &P::padding, "Minus infinities at each side.", config::at_least(0))
      .param("dilation", &P::dilation, "Distance between a window's points.", config::at_least(1))
      .param("ceil_mode", &P::ceil_mode, "Keep a last window that only partly fits.")
      .require(padding_is_narrow<P>, "'padding' may be at most half of 'kernel_size'")
      .shape(
          walk_text(N, "C", "C", "({} + 2*padding - dilation*(kernel_size - 1) - 1) / stride + 1"),
          pooled<P>)
      .flops(pool_flops<P>)
      // Where the maxima are.
      .keeps_bytes([](const P& p, const TensorType& x, const TensorType& out) {
        if (is_halving(p) && x.dtype == DType::F32) return Dim(0);
        return num_elements(out.shape) * Dim(bytes_of(DType::I64));
      })
      .source(fmt::format("torch.nn.MaxPool{}d", N))
      .example(example, std::move(inputs));
}

template <std::size_t N>
ModuleSpec avg_pool_spec(const std::string& example, std::vector<std::string> inputs = {}) {
  using P = AvgPoolParams<N>;
  ModuleBuilder<P> module(fmt::format("avg_pool{}d", N), "The mean of each window.");
  add_window_params(module, config::main_field)
      .param("padding", &P::padding, "Zeros at each side.", config::at_least(0))
      .param("count_include_pad", &P::count_include_pad, "Count the padding's zeros in the mean.")
      .param("ceil_mode", &P::ceil_mode, "Keep a last window that only partly fits.");
  if constexpr (N > 1) {
    module.param("divisor_override", &P::divisor_override,
                 "Divide the sum by this instead of the number of values.", config::at_least(1));
  }
  return module.require(padding_is_narrow<P>, "'padding' may be at most half of 'kernel_size'")
      .shape(walk_text(N, "C", "C", "({} + 2*padding - kernel_size) / stride + 1"), averaged<P>)
      .flops(pool_flops<P>)
      .source(fmt::format("torch.nn.AvgPool{}d", N))
      .example(example, std::move(inputs));
}

template <std::size_t N>
ModuleSpec lp_pool_spec(const std::string& example, std::vector<std::string> inputs = {}) {
  using P = LpPoolParams<N>;
  ModuleBuilder<P> module(fmt::format("lp_pool{}d", N),
                          "The p-norm of each window: (sum of x^p)^(1/p).");
  module.param("norm_type", &P::norm_type, "The power p; 1 gives sums, a large one the maximum.",
               config::required, config::above(0));
  return add_window_params(module)
      .param("ceil_mode", &P::ceil_mode, "Keep a last window that only partly fits.")
      .shape(walk_text(N, "C", "C", "({} - kernel_size) / stride + 1"), averaged<P>)
      .flops([](const P& p, const TensorType& x, const TensorType& out) {
        return pool_flops(p, x, out) + num_elements(x.shape) + num_elements(out.shape);
      })
      // Its powers, and four steps from their means to the output.
      .keeps_bytes([](const P&, const TensorType& x, const TensorType& out) {
        return bytes_of(x) + Dim(4) * bytes_of(out);
      })
      .source(fmt::format("torch.nn.LPPool{}d", N))
      .example(example, std::move(inputs));
}

template <std::size_t N>
tl::expected<Shape, std::string> adapted(AdaptivePoolParams<N>& p, const TensorType& x) {
  if (auto why = needs_axes(x, N, "C")) return tl::unexpected(*why);
  Shape out = x.shape;
  for (std::size_t i = 0; i < N; ++i) {
    if (p.output_size[i]) out[i + 2] = *p.output_size[i];
  }
  return out;
}

// `kind`: "avg" or "max".
template <std::size_t N>
ModuleSpec adaptive_pool_spec(const std::string& kind, const std::string& summary,
                              std::vector<std::string> inputs = {}) {
  using P = AdaptivePoolParams<N>;
  const std::string name = fmt::format("adaptive_{}_pool{}d", kind, N);
  return declare<P>(name, summary)
      .param("output_size", &P::output_size,
             extent_words(N) + " that go out; null keeps what comes in.", config::main_field,
             config::at_least(1))
      .shape(walk_text(N, "C", "C", "output_size along {}"), adapted<N>)
      .flops([](const P&, const TensorType& x, const TensorType&) { return num_elements(x.shape); })
      .keeps_by([kind](const P& p) {
        // The mean over all places is a reduction of its own, which needs nothing; a maximum
        // needs its places.
        const bool is_mean = kind == "avg" && p.output_size == P().output_size;
        return std::vector<std::string>(is_mean ? 0 : 1, "input");
      })
      .keeps_bytes([kind](const P&, const TensorType&, const TensorType& out) {
        return num_elements(out.shape) * Dim(kind == "max" ? bytes_of(DType::I64) : 0);
      })
      .source(fmt::format("torch.nn.Adaptive{}Pool{}d", kind == "avg" ? "Avg" : "Max", N))
      .example(name + ": 1", std::move(inputs));
}

}  // namespace fdl::catalog
