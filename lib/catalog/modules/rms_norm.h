#pragma once

#include <optional>

#include "lib/catalog/trailing_axes.h"

namespace fdl::catalog {

struct RmsNormParams {
  TrailingAxes normalized_shape;
  std::optional<double> eps;
  bool elementwise_affine = true;
};

inline ModuleSpec rms_norm_spec() {
  using P = RmsNormParams;
  return trailing_norm<P>("rms_norm",
                          "Divide the last axis, or several, by the root of its mean square.",
                          "Added to the mean square; null means the least step of the dtype at 1.")
      .shape("[*, normalized_shape] -> [*, normalized_shape]",
             [](P& p, const TensorType& x) { return fit_trailing(p.normalized_shape, x); })
      .flops([](const P&, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(5);
      })
      .keeps_bytes([](const P& p, const TensorType& x, const TensorType&) {
        Dim row = 1;
        for (const std::int64_t size : p.normalized_shape) row = row * Dim(size);
        // Before the scale, and one number a row.
        const Dim normalised = p.elementwise_affine ? bytes_of(x) : Dim(0);
        return normalised + bytes_of(floor_div(num_elements(x.shape), row.number()), x);
      })
      .source("Zhang and Sennrich 2019, arXiv:1910.07467, equation 4")
      .example("rms_norm");
}

}  // namespace fdl::catalog
