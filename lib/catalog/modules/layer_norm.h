#pragma once

#include "lib/catalog/module_spec.h"

namespace fdl::catalog {

struct LayerNormParams {
  std::int64_t normalized_shape = 0;
  double eps = 1e-5;
  bool elementwise_affine = true;
  bool bias = true;

  bool has_bias = true;  // elementwise_affine and bias: set when the shape is inferred
};

inline ModuleSpec layer_norm_spec() {
  using config::above, config::at_least, config::inferred, config::main_field;
  using P = LayerNormParams;
  return declare<P>("layer_norm", "Normalise the last axis, then scale and shift it.")
      .param("normalized_shape", &P::normalized_shape, "Length of the last axis.", inferred,
             main_field, at_least(1))
      .param("eps", &P::eps, "Added to the variance before the square root.", above(0))
      .param("elementwise_affine", &P::elementwise_affine, "Learn a scale and a shift per feature.")
      .param("bias", &P::bias, "Learn the shift, where there is a scale.")
      .tensor("weight", "[normalized_shape]", ones(), &P::elementwise_affine)
      .tensor("bias", "[normalized_shape]", zeros(), &P::has_bias)
      .shape("[*, normalized_shape] -> [*, normalized_shape]",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               p.has_bias = p.bias && p.elementwise_affine;
               if (x.shape.empty()) return tl::unexpected(std::string("it takes at least 1 axis"));
               const Dim& last = x.shape.back();
               if (p.normalized_shape == 0 && last.is_number()) p.normalized_shape = last.number();
               if (last == Dim(p.normalized_shape)) return x.shape;
               return tl::unexpected("'normalized_shape' is " + std::to_string(p.normalized_shape) +
                                     ", but that axis is " + last.text());
             })
      .flops([](const P&, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(8);
      })
      .source("Ba, Kiros and Hinton 2016, arXiv:1607.06450, section 3")
      .example("layer_norm");
}

}  // namespace fdl::catalog
