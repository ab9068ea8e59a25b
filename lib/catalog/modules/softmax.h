#pragma once

#include "lib/catalog/axes.h"

namespace fdl::catalog {

struct SoftmaxParams {
  std::int64_t dim = -1;
};

inline ModuleSpec softmax_spec() {
  using P = SoftmaxParams;
  return declare<P>("softmax", "exp(x), divided by its sum along one axis.")
      .param("dim", &P::dim, "The axis along which the values sum to 1.", config::main_field)
      .shape("[*] -> [*]",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               if (!axis_index(p.dim, x.shape)) return tl::unexpected(no_such_axis(p.dim, x.shape));
               return x.shape;
             })
      .flops([](const P&, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(5);
      })
      .source("torch.nn.Softmax")
      .example("softmax: { dim: -1 }");
}

}  // namespace fdl::catalog
