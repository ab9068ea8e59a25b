#pragma once

#include "lib/catalog/inputs.h"

namespace fdl::catalog {

struct SinusoidalPositionsParams {};

inline ModuleSpec sinusoidal_positions_spec() {
  using P = SinusoidalPositionsParams;
  return declare<P>("sinusoidal_positions",
                    "Add sines and cosines of each position of axis 1, from fast to slow.")
      .shape("[B, T, D] -> the same, D even",
             [](P&, const TensorType& x) -> tl::expected<Shape, std::string> {
               if (auto why = wrong_rank(x, 3, "[B, T, D]")) return tl::unexpected(*why);
               const Dim& width = x.shape[2];
               if (!width.is_number() || width.number() % 2 != 0)
                 return tl::unexpected("its last axis must be an even number, not " + width.text());
               return x.shape;
             })
      .keeps({})
      .source("Vaswani et al. 2017, arXiv:1706.03762, section 3.5")
      .example("sinusoidal_positions", {"f32[4, 6]"});
}

}  // namespace fdl::catalog
