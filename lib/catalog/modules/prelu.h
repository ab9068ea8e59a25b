#pragma once

#include "lib/catalog/module_spec.h"

namespace fdl::catalog {

struct PreluParams {
  std::int64_t num_parameters = 1;
  double init = 0.25;
};

inline ModuleSpec prelu_spec() {
  using P = PreluParams;
  return declare<P>("prelu", "x above 0, else a learned slope times x, element by element.")
      .param("num_parameters", &P::num_parameters,
             "Slopes: 1, or one for each channel, which is the length of axis 1.",
             config::main_field, config::at_least(1))
      .param("init", &P::init, "The slopes at the start.")
      .tensor("weight", "[num_parameters]",
              [](const void* params, const auto&) {
                return Init{Init::Kind::Constant, static_cast<const P*>(params)->init, 0, -1};
              })
      .shape("[N, num_parameters if above 1, any axes] -> the same",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               const bool fits = x.shape.size() > 1 && x.shape[1] == Dim(p.num_parameters);
               if (fits || (p.num_parameters == 1 && !x.shape.empty())) return x.shape;
               return tl::unexpected(
                   "'num_parameters' is " + std::to_string(p.num_parameters) + ", but " +
                   (x.shape.size() > 1 ? "axis 1 is " + x.shape[1].text() : "there is no axis 1"));
             })
      .flops([](const P&, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(2);
      })
      .source("He et al. 2015, arXiv:1502.01852, equation 1")
      .example("prelu");
}

}  // namespace fdl::catalog
