#pragma once

#include <optional>

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

struct ClampParams {
  std::optional<double> min;
  std::optional<double> max;
};

inline ModuleSpec clamp_spec() {
  using P = ClampParams;
  return elementwise<P>("clamp", "x kept between two bounds, element by element.", 2)
      .param("min", &P::min, "The lower bound, if any.")
      .param("max", &P::max, "The upper bound, if any.")
      .require([](const P& p) { return p.min || p.max; }, "it needs 'min', 'max' or both")
      .require([](const P& p) { return !p.min || !p.max || *p.min <= *p.max; },
               "'min' must not be above 'max'")
      .source("torch.clamp")
      .example("clamp: { min: -0.5, max: 0.5 }");
}

}  // namespace fdl::catalog
