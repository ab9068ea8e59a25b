#pragma once

#include <fmt/format.h>

#include "lib/catalog/spatial.h"

namespace fdl::catalog {

struct GaussianBlurParams {
  Tuple<2> kernel_size = {1, 1};
  std::optional<std::array<double, 2>> sigma;
};

// The standard deviation along an axis, in points.
inline double blur_sigma(const GaussianBlurParams& p, std::size_t axis) {
  if (p.sigma) return (*p.sigma)[axis];
  return 0.3 * (static_cast<double>(p.kernel_size[axis] - 1) * 0.5 - 1) + 0.8;
}

inline tl::expected<Shape, std::string> blurred(const GaussianBlurParams& p, const TensorType& x) {
  if (auto why = needs_axes(x, 2, "C")) return tl::unexpected(*why);
  for (std::size_t i = 0; i < 2; ++i) {
    const Dim& in = x.shape[i + 2];
    if (in.is_number() && in.number() <= p.kernel_size[i] / 2)
      return tl::unexpected(fmt::format("its mirrored sides need at least {} places, not {}",
                                        p.kernel_size[i] / 2 + 1, in.text()));
  }
  return x.shape;
}

inline ModuleSpec gaussian_blur_spec() {
  using P = GaussianBlurParams;
  return declare<P>("gaussian_blur",
                    "Blur each channel with a fixed bell curve; the sides are mirrored.")
      .param("kernel_size", &P::kernel_size, "Rows and columns of the curve, both odd.",
             config::required, config::main_field, config::alias("kernel"), config::at_least(1))
      .param("sigma", &P::sigma,
             "The curve's standard deviation; null means 0.3 * ((kernel_size - 1) / 2 - 1) + 0.8.",
             config::above(0))
      .require([](const P& p) { return p.kernel_size[0] % 2 == 1 && p.kernel_size[1] % 2 == 1; },
               "'kernel_size' must be odd")
      .shape("[N, C, H, W] -> [N, C, H, W]", blurred)
      .flops([](const P& p, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(2 * (p.kernel_size[0] + p.kernel_size[1]));
      })
      // The image with its sides added, and what the first pass makes of it.
      .keeps_bytes([](const auto& p, const TensorType& x, const TensorType&) {
        const Dim rows = x.shape[2], columns = x.shape[3] + Dim(p.kernel_size[1] - 1);
        return bytes_of(
            x.shape[0] * x.shape[1] * columns * (Dim(2) * rows + Dim(p.kernel_size[0] - 1)), x);
      })
      .source("torchvision.transforms.functional.gaussian_blur")
      .example("gaussian_blur: 3");
}

}  // namespace fdl::catalog
