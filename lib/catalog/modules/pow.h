#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

struct PowParams {
  double exponent = 1.0;
};

inline ModuleSpec pow_spec() {
  using P = PowParams;
  return elementwise<P>("pow", "x to a fixed power, element by element.")
      .param("exponent", &P::exponent, "The power.", config::required, config::main_field)
      .source("torch.pow")
      .example("pow: 3");
}

}  // namespace fdl::catalog
