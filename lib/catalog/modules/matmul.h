#pragma once

#include "lib/catalog/combined.h"

namespace fdl::catalog {

inline Dim matrix_product_flops(const TensorType& input, const TensorType& output) {
  return num_elements(output.shape) * input.shape.back() * Dim(2);
}

inline ModuleSpec matmul_spec() {
  using P = NoParams;
  return declare<P>("matmul", "The matrix product with the other input, over the last two axes.")
      .input("input", DTypeClass::Floating)
      .input("other", DTypeClass::Floating)
      .types("[*, n, k], [*, k, m] -> [*, n, m]",
             [](P&, const std::vector<TensorType>& inputs) -> TypeResult {
               return matrix_product(inputs[0], inputs[1]);
             })
      .flops([](const P&, const TensorType& input, const TensorType& output) {
        return matrix_product_flops(input, output);
      })
      // Of each factor.
      .gradient_flops([](const P&, const TensorType& input, const TensorType& output) {
        return GradientFlops{Dim(2) * matrix_product_flops(input, output), 0, 0};
      })
      .source("torch.matmul")
      .example("matmul", {"f64[2, 3]", "f64[3, 4]"});
}

}  // namespace fdl::catalog
