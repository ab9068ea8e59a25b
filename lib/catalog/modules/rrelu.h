#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

struct RreluParams {
  double lower = 1.0 / 8;
  double upper = 1.0 / 3;
};

inline ModuleSpec rrelu_spec() {
  using P = RreluParams;
  return elementwise<P>("rrelu",
                        "x above 0, else a slope times x; in training each element's slope is "
                        "drawn between two bounds, else it is their mean.",
                        2)
      .param("lower", &P::lower, "The least slope.")
      .param("upper", &P::upper, "The largest slope.")
      .require([](const P& p) { return p.lower <= p.upper; }, "'lower' must not be above 'upper'")
      .draws()
      .keeps({})
      // The slopes, and where they are used.
      .keeps_bytes([](const auto&, const TensorType& x, const TensorType&) {
        return bytes_of(x) + num_elements(x.shape);
      })
      .source("Xu et al. 2015, arXiv:1505.00853, section 2.4")
      .example("rrelu");
}

}  // namespace fdl::catalog
