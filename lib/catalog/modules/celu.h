#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

struct CeluParams {
  double alpha = 1.0;
};

inline ModuleSpec celu_spec() {
  using P = CeluParams;
  return elementwise<P>("celu",
                        "max(0, x) + min(0, alpha * (exp(x / alpha) - 1)), element by element.", 4)
      .param("alpha", &P::alpha, "What it tends to, negated, far below 0; not 0.",
             config::main_field)
      .require([](const P& p) { return p.alpha != 0; }, "'alpha' must not be 0")
      .source("Barron 2017, arXiv:1704.07483, equation 2")
      .example("celu");
}

}  // namespace fdl::catalog
