#pragma once

#include <string>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct ContrastiveParams {
  double margin = 1;
  double eps = 1e-6;
  std::string reduction = "mean";
};

inline EntrySpec contrastive_spec() {
  using P = ContrastiveParams;
  return declare_entry<P>("contrastive",
                          "Half the squared distance of the output to what is like it; of what is "
                          "not, half the square of what the distance lacks of the margin.")
      .param("margin", &P::margin, "How far what is unlike should be.", config::above(0))
      .param("eps", &P::eps, "Added to each difference: distances never are 0.", config::above(0))
      .reduction()
      .target(Values::ZeroOrOne, "i64[]")
      .input("other", "What the output is compared with; the target is 1 where they are alike.",
             Values::Any, "f32[3]")
      .fits([](const P&, const TensorTypes& types) {
        return first_of({needs_rows(types[0]), needs_one_a_sample("the target", types[1]),
                         needs_same_shape(types[0], "other", types[2])});
      })
      .source("Hadsell, Chopra and LeCun 2006, doi:10.1109/CVPR.2006.100, equation 4");
}

}  // namespace fdl::catalog
