#pragma once

#include <cmath>

#include "lib/catalog/module_spec.h"

namespace fdl::catalog {

struct BilinearParams {
  std::int64_t in1_features = 0;
  std::int64_t in2_features = 0;
  std::int64_t out_features = 0;
  bool bias = true;
};

// U(-1/sqrt(in1_features), 1/sqrt(in1_features)).
inline Init bilinear_init(const void*, const std::vector<std::int64_t>& weight) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(weight[1]));
  return {Init::Kind::Uniform, -bound, bound, -1};
}

inline Dim bilinear_flops(const BilinearParams& p, const TensorType& out) {
  return num_elements(out.shape) * Dim(2 * p.in1_features) * Dim(p.in2_features);
}

inline ModuleSpec bilinear_spec() {
  using P = BilinearParams;
  using config::at_least, config::inferred;
  return declare<P>("bilinear",
                    "For each output feature a learned matrix between the last axes of two inputs.")
      .param("in1_features", &P::in1_features, "Length of the stream's last axis.", inferred,
             at_least(1))
      .param("in2_features", &P::in2_features, "Length of the other input's last axis.", inferred,
             at_least(1))
      .param("out_features", &P::out_features, "Length of the last axis that goes out.",
             config::required, config::main_field, config::alias("out"), at_least(1))
      .param("bias", &P::bias, "Add a learned vector.")
      .tensor("weight", "[out_features, in1_features, in2_features]", bilinear_init)
      .tensor("bias", "[out_features]", bilinear_init, &P::bias)
      .input("input", DTypeClass::Floating)
      .input("other", DTypeClass::Floating)
      .shape("[*, in1_features], [*, in2_features] -> [*, out_features]")
      .flops([](const P& p, const TensorType&, const TensorType& out) {
        return bilinear_flops(p, out);
      })
      .gradient_flops([](const P& p, const TensorType&, const TensorType& out) {
        return GradientFlops{Dim(2) * bilinear_flops(p, out), bilinear_flops(p, out), 0};
      })
      .source("torch.nn.Bilinear: y = x1^T A x2 + b")
      .example("bilinear: 2", {"f64[3]", "f64[4]"});
}

}  // namespace fdl::catalog
