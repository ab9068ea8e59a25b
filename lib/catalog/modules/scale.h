#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

struct ScaleParams {
  double factor = 1.0;
  double shift = 0;
};

inline ModuleSpec scale_spec() {
  using P = ScaleParams;
  return elementwise<P>("scale", "factor * x + shift, element by element.", 2)
      .param("factor", &P::factor, "What x is multiplied by.", config::required, config::main_field)
      .param("shift", &P::shift, "What is then added.")
      .keeps({})
      .source("torch.mul, torch.add")
      .example("scale: 0.5");
}

}  // namespace fdl::catalog
