#pragma once

#include "lib/catalog/axis_list.h"

namespace fdl::catalog::modules {

struct NormalizeParams {
  double p = 2;
  std::int64_t dim = 1;
  double eps = 1e-12;
};

inline ModuleSpec normalize_spec() {
  using P = NormalizeParams;
  return declare<P>("normalize", "x divided by its norm along one axis.")
      .param("p", &P::p, "The exponent of the norm.", config::main_field)
      .param("dim", &P::dim, "The axis along which the norm becomes 1.")
      .param("eps", &P::eps, "The least that is divided by.", config::above(0))
      .shape("[N, axes] -> the same",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               if (const auto axis = inner_axis(p.dim, x.shape); !axis)
                 return tl::unexpected(axis.error());
               return x.shape;
             })
      .flops([](const P&, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(3);
      })
      // The norms, before and after `eps`.
      .keeps_bytes([](const P& p, const TensorType& x, const TensorType&) {
        const auto axis = static_cast<std::size_t>(*axis_index(p.dim, x.shape));
        return bytes_of(floor_div(Dim(2) * num_elements(x.shape), x.shape[axis]), x);
      })
      .source("torch.nn.functional.normalize")
      .example("normalize");
}

}  // namespace fdl::catalog::modules
