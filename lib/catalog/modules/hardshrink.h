#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

struct HardshrinkParams {
  double lambd = 0.5;
};

inline ModuleSpec hardshrink_spec() {
  using P = HardshrinkParams;
  return elementwise<P>("hardshrink", "x where |x| is above lambd, else 0, element by element.", 2)
      .param("lambd", &P::lambd, "Values this near to 0 become 0.", config::main_field)
      .source("torch.nn.Hardshrink")
      .example("hardshrink");
}

}  // namespace fdl::catalog
