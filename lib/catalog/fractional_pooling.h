#pragma once

#include <algorithm>

#include <fmt/format.h>

#include "lib/catalog/spatial.h"

// Fractional max pooling over N axes, declared once for every N.
namespace fdl::catalog {

template <std::size_t N>
struct FractionalMaxPoolParams {
  Tuple<N> kernel_size = filled<N>(1);
  std::optional<Tuple<N>> output_size;
  std::optional<std::array<double, N>> output_ratio;

  // How many windows along axis i of that size; rounded down, as PyTorch does.
  std::int64_t windows(std::size_t i, std::int64_t in) const {
    if (output_size) return (*output_size)[i];
    return static_cast<std::int64_t>(static_cast<double>(in) * (*output_ratio)[i]);
  }
  bool has_fractions() const {
    if (!output_ratio) return true;
    return std::all_of(output_ratio->begin(), output_ratio->end(),
                       [](double share) { return share > 0 && share < 1; });
  }
};

template <std::size_t N>
tl::expected<Shape, std::string> fractionally_pooled(const FractionalMaxPoolParams<N>& p,
                                                     const TensorType& x) {
  if (auto why = needs_axes(x, N, "C")) return tl::unexpected(*why);
  Shape out = x.shape;
  for (std::size_t i = 0; i < N; ++i) {
    const Dim& in = x.shape[i + 2];
    if (!in.is_number())
      return tl::unexpected("its windows need a fixed size, not the axis " + in.text());
    const std::int64_t size = p.windows(i, in.number());
    if (size < 1) return tl::unexpected(std::string("its output would have an axis of size 0"));
    // Over three axes libtorch wants one place more.
    if (size + p.kernel_size[i] - 1 > in.number() - (N == 3 ? 1 : 0))
      return tl::unexpected(fmt::format("{} windows of {} do not fit into an axis of size {}", size,
                                        p.kernel_size[i], in.text()));
    out[i + 2] = size;
  }
  return out;
}

template <std::size_t N>
ModuleSpec fractional_max_pool_spec(const std::string& example, std::vector<std::string> inputs) {
  using config::above, config::alias, config::at_least, config::required;
  using P = FractionalMaxPoolParams<N>;
  return declare<P>(fmt::format("fractional_max_pool{}d", N),
                    "The largest values of windows at random places, for each sample and channel, "
                    "so that the output has the wanted size.")
      .param("kernel_size", &P::kernel_size, extent_words(N) + " of a window.", required,
             alias("kernel"), at_least(1))
      .param("output_size", &P::output_size, extent_words(N) + " that go out.", at_least(1))
      .param("output_ratio", &P::output_ratio, "The same as a share of what comes in.",
             config::between(0, 1))
      .require([](const P& p) { return p.output_size.has_value() != p.output_ratio.has_value(); },
               "give either 'output_size' or 'output_ratio'")
      .require([](const P& p) { return p.has_fractions(); },
               "'output_ratio' must be above 0 and below 1")
      .shape(walk_text(N, "C", "C", "output_size along {}"), fractionally_pooled<N>)
      .flops([](const P& p, const TensorType&, const TensorType& out) {
        return num_elements(out.shape) * Dim(product(p.kernel_size));
      })
      .draws()
      .keeps_bytes([](const auto&, const TensorType&, const TensorType& out) {
        return num_elements(out.shape) * Dim(bytes_of(DType::I64));
      })
      .source(fmt::format("Graham 2014, arXiv:1412.6071; torch.nn.FractionalMaxPool{}d", N))
      .example(example, std::move(inputs));
}

}  // namespace fdl::catalog
