#pragma once

#include <fmt/format.h>

#include "lib/catalog/spatial.h"

namespace fdl::catalog {

struct FractionalMaxPool2dParams {
  Tuple<2> kernel_size = {1, 1};
  std::optional<Tuple<2>> output_size;
  std::optional<std::array<double, 2>> output_ratio;
};

inline tl::expected<Shape, std::string> fractionally_pooled(const FractionalMaxPool2dParams& p,
                                                            const TensorType& x) {
  if (auto why = needs_axes(x, 2, "C")) return tl::unexpected(*why);
  Shape out = x.shape;
  for (std::size_t i = 0; i < 2; ++i) {
    const Dim& in = x.shape[i + 2];
    if (!in.is_number())
      return tl::unexpected("its windows need a fixed size, not the axis " + in.text());
    // Rounded down, as PyTorch does.
    out[i + 2] =
        p.output_size
            ? (*p.output_size)[i]
            : static_cast<std::int64_t>(static_cast<double>(in.number()) * (*p.output_ratio)[i]);
    const std::int64_t size = out[i + 2].number();
    if (size < 1) return tl::unexpected(std::string("its output would have an axis of size 0"));
    if (size + p.kernel_size[i] - 1 > in.number())
      return tl::unexpected(fmt::format("{} windows of {} do not fit into an axis of size {}", size,
                                        p.kernel_size[i], in.text()));
  }
  return out;
}

inline ModuleSpec fractional_max_pool2d_spec() {
  using config::above, config::alias, config::at_least, config::required;
  using P = FractionalMaxPool2dParams;
  return declare<P>("fractional_max_pool2d",
                    "The largest values of windows at random places, for each sample and channel, "
                    "so that the output has the wanted size.")
      .param("kernel_size", &P::kernel_size, "Rows and columns of a window.", required,
             alias("kernel"), at_least(1))
      .param("output_size", &P::output_size, "Rows and columns that go out.", at_least(1))
      .param("output_ratio", &P::output_ratio, "The same as a share of what comes in.",
             config::between(0, 1))
      .require([](const P& p) { return p.output_size.has_value() != p.output_ratio.has_value(); },
               "give either 'output_size' or 'output_ratio'")
      .require(
          [](const P& p) {
            return !p.output_ratio || ((*p.output_ratio)[0] > 0 && (*p.output_ratio)[0] < 1 &&
                                       (*p.output_ratio)[1] > 0 && (*p.output_ratio)[1] < 1);
          },
          "'output_ratio' must be above 0 and below 1")
      .shape("[N, C, H, W] -> [N, C, output_size along H, likewise W]", fractionally_pooled)
      .flops([](const P& p, const TensorType&, const TensorType& out) {
        return num_elements(out.shape) * Dim(product(p.kernel_size));
      })
      .draws()
      .keeps_bytes([](const auto&, const TensorType&, const TensorType& out) {
        return num_elements(out.shape) * Dim(bytes_of(DType::I64));
      })
      .source("Graham 2014, arXiv:1412.6071; torch.nn.FractionalMaxPool2d")
      .example("fractional_max_pool2d: { kernel: 2, output_ratio: 0.6 }", {"f32[2, 7, 6]"});
}

}  // namespace fdl::catalog
