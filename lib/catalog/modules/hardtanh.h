#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

struct HardtanhParams {
  double min_val = -1.0;
  double max_val = 1.0;
};

inline ModuleSpec hardtanh_spec() {
  using P = HardtanhParams;
  return elementwise<P>("hardtanh", "x kept between two bounds, element by element.", 2)
      .param("min_val", &P::min_val, "The lower bound.")
      .param("max_val", &P::max_val, "The upper bound.")
      .require([](const P& p) { return p.min_val < p.max_val; },
               "'min_val' must be below 'max_val'")
      .source("torch.nn.Hardtanh")
      .example("hardtanh");
}

}  // namespace fdl::catalog
