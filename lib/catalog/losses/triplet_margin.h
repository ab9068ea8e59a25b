#pragma once

#include <string>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct TripletMarginParams {
  double margin = 1;
  double p = 2;
  double eps = 1e-6;
  bool swap = false;
  std::string reduction = "mean";
};

inline EntrySpec triplet_margin_spec() {
  using P = TripletMarginParams;
  return declare_entry<P>("triplet_margin",
                          "What the output's distance to a negative lacks of the margin over its "
                          "distance to a positive.")
      .param("margin", &P::margin, "How much farther the negative should be.", config::above(0))
      .param("p", &P::p, "The norm that measures distances.", config::at_least(1))
      .param("eps", &P::eps, "Added to each difference: distances never are 0.", config::above(0))
      .param("swap", &P::swap, "Use the positive's distance to the negative where that is less.")
      .reduction()
      .no_target()
      .input("positive", "What should be near.", Values::Any, "f32[3]")
      .input("negative", "What should be far.", Values::Any, "f32[3]")
      .fits([](const P&, const TensorTypes& types) {
        return first_of({needs_rows(types[0]), needs_same_shape(types[0], "positive", types[1]),
                         needs_same_shape(types[0], "negative", types[2])});
      })
      .source("Balntas et al. 2016, BMVC, section 2; torch.nn.TripletMarginLoss");
}

}  // namespace fdl::catalog
