#pragma once

#include "lib/catalog/trailing_axes.h"

namespace fdl::catalog {

struct LayerNormParams {
  TrailingAxes normalized_shape;
  double eps = 1e-5;
  bool elementwise_affine = true;
  bool bias = true;

  bool has_bias = true;  // elementwise_affine and bias: set when the shape is inferred
};

inline ModuleSpec layer_norm_spec() {
  using P = LayerNormParams;
  return trailing_norm<P>("layer_norm",
                          "Normalise the last axis, or several, then scale and shift.",
                          "Added to the variance before the square root.")
      .param("bias", &P::bias, "Learn a shift too, where there is a scale.")
      .tensor("bias", "[normalized_shape]", zeros(), &P::has_bias)
      .shape("[*, normalized_shape] -> [*, normalized_shape]",
             [](P& p, const TensorType& x) {
               p.has_bias = p.bias && p.elementwise_affine;
               return fit_trailing(p.normalized_shape, x);
             })
      .flops([](const P&, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(8);
      })
      .keeps_bytes([](const P& p, const TensorType& x, const TensorType&) {
        Dim row = 1;
        for (const std::int64_t size : p.normalized_shape) row = row * Dim(size);
        return bytes_of(floor_div(num_elements(x.shape) * Dim(2), row.number()), x);
      })
      .source("Ba, Kiros and Hinton 2016, arXiv:1607.06450, section 3")
      .example("layer_norm");
}

}  // namespace fdl::catalog
