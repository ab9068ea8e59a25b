#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

struct SoftshrinkParams {
  double lambd = 0.5;
};

inline ModuleSpec softshrink_spec() {
  using P = SoftshrinkParams;
  return elementwise<P>(
             "softshrink",
             "x moved towards 0 by lambd, and 0 where it would cross it, element by element.", 2)
      .param("lambd", &P::lambd, "How far values move.", config::main_field, config::at_least(0))
      .source("torch.nn.Softshrink")
      .example("softshrink");
}

}  // namespace fdl::catalog
