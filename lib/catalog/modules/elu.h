#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

struct EluParams {
  double alpha = 1.0;
};

inline ModuleSpec elu_spec() {
  using P = EluParams;
  return elementwise<P>("elu", "x above 0, else alpha * (exp(x) - 1), element by element.", 3)
      .param("alpha", &P::alpha, "What it tends to, negated, far below 0.", config::main_field)
      .source("Clevert et al. 2015, arXiv:1511.07289, equation 15")
      .example("elu");
}

}  // namespace fdl::catalog
