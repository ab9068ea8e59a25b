#pragma once

#include "lib/catalog/module_spec.h"

namespace fdl::catalog {

struct GeluParams {
  std::string approximate = "none";
};

inline ModuleSpec gelu_spec() {
  using P = GeluParams;
  return declare<P>("gelu", "x times the normal distribution function of x, element by element.")
      .param("approximate", &P::approximate, "Use the tanh formula instead of the exact one.",
             config::main_field, config::choices({"none", "tanh"}))
      .shape("[*] -> [*]")
      .flops([](const P&, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(8);
      })
      .source("Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2")
      .example("gelu");
}

}  // namespace fdl::catalog
