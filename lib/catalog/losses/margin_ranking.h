#pragma once

#include <string>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct MarginRankingParams {
  double margin = 0;
  std::string reduction = "mean";
};

inline EntrySpec margin_ranking_spec() {
  using P = MarginRankingParams;
  return declare_entry<P>("margin_ranking",
                          "What the output lacks of the margin above input2 where the target is 1, "
                          "below it where the target is -1.")
      .param("margin", &P::margin, "How far apart the two should be.")
      .reduction()
      .target(Values::PlusMinus, "f32[3]")
      .input("input2", "What the output is ranked against.", Values::Any, "f32[3]")
      .fits([](const P&, const TensorTypes& types) {
        return first_of({needs_same_shape(types[0], "target", types[1]),
                         needs_same_shape(types[0], "input2", types[2])});
      })
      .source("torch.nn.MarginRankingLoss");
}

}  // namespace fdl::catalog
