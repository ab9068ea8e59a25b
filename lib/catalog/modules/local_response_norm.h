#pragma once

#include "lib/catalog/module_spec.h"

namespace fdl::catalog {

struct LocalResponseNormParams {
  std::int64_t size = 1;
  double alpha = 1e-4;
  double beta = 0.75;
  double k = 1;
};

inline ModuleSpec local_response_norm_spec() {
  using config::at_least, config::main_field, config::required;
  using P = LocalResponseNormParams;
  return declare<P>("local_response_norm",
                    "Divide each value by (k + alpha * mean of the squares of its neighbouring "
                    "channels)^beta.")
      .param("size", &P::size, "Neighbouring channels, the value's own among them.", required,
             main_field, at_least(1))
      .param("alpha", &P::alpha, "Weight of the mean square.", at_least(0))
      .param("beta", &P::beta, "The power.")
      .param("k", &P::k, "Added before the power.", config::above(0))
      .shape("[N, C, places in one or more axes] -> the same",
             [](P&, const TensorType& x) -> tl::expected<Shape, std::string> {
               if (x.shape.size() >= 3) return x.shape;
               return tl::unexpected(std::string("it takes at least 3 axes: [N, C, places]"));
             })
      .flops([](const P& p, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(p.size + 5);
      })
      // The squares with their sides added, the divisor before and after its power.
      .keeps_bytes([](const auto& p, const TensorType& x, const TensorType&) {
        const Dim channels = x.shape[1], places = floor_div(num_elements(x.shape), channels);
        return Dim(2) * bytes_of(x) + bytes_of(places * (channels + Dim(p.size - 1)), x);
      })
      .source("Krizhevsky, Sutskever and Hinton 2012, section 3.3; torch.nn.LocalResponseNorm")
      .example("local_response_norm: 3");
}

}  // namespace fdl::catalog
