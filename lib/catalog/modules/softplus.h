#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

struct SoftplusParams {
  double beta = 1.0;
  double threshold = 20.0;
};

inline ModuleSpec softplus_spec() {
  using P = SoftplusParams;
  return elementwise<P>("softplus", "log(1 + exp(beta * x)) / beta, element by element.", 4)
      .param("beta", &P::beta, "How sharp the bend at 0 is.", config::main_field, config::above(0))
      .param("threshold", &P::threshold, "Where beta * x is above it, the result is x.")
      .source("torch.nn.Softplus")
      .example("softplus");
}

}  // namespace fdl::catalog
