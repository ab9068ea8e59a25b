#pragma once

#include <string>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct TripletMarginWithDistanceParams {
  std::string distance = "euclidean";
  double margin = 1;
  bool swap = false;
  std::string reduction = "mean";
};

inline EntrySpec triplet_margin_with_distance_spec() {
  using P = TripletMarginWithDistanceParams;
  return declare_entry<P>("triplet_margin_with_distance",
                          "What the output's distance to a negative lacks of the margin over its "
                          "distance to a positive, with a choice of distances.")
      .param("distance", &P::distance,
             "How far two rows are: the length of their difference (euclidean) or its square, the "
             "sum of its sizes (manhattan), the largest (chebyshev), one minus their cosine, or "
             "minus their product (dot).",
             config::main_field,
             config::choices(
                 {"euclidean", "squared_euclidean", "manhattan", "chebyshev", "cosine", "dot"}))
      .param("margin", &P::margin, "How much farther the negative should be.", config::above(0))
      .param("swap", &P::swap, "Use the positive's distance to the negative where that is less.")
      .reduction()
      .no_target()
      .input("positive", "What should be near.", Values::Any, "f32[3]")
      .input("negative", "What should be far.", Values::Any, "f32[3]")
      .fits([](const P&, const TensorTypes& types) {
        return first_of({needs_rows(types[0]), needs_same_shape(types[0], "positive", types[1]),
                         needs_same_shape(types[0], "negative", types[2])});
      })
      .source("torch.nn.TripletMarginWithDistanceLoss");
}

}  // namespace fdl::catalog
