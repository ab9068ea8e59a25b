#pragma once

#include <string>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct InfoNceParams {
  double temperature = 0.1;
  bool symmetric = false;
  std::string reduction = "mean";
};

inline EntrySpec info_nce_spec() {
  using P = InfoNceParams;
  return declare_entry<P>(
             "info_nce",
             "Cross-entropy of finding each sample's positive among those of the whole "
             "batch, by cosine.")
      .param("temperature", &P::temperature, "What the cosines are divided by.", config::above(0))
      .param("symmetric", &P::symmetric, "Find the output by its positive too, and take the mean.")
      .reduction()
      .no_target()
      .input("positive", "Another view of the same samples.", Values::Any, "f32[3]")
      .fits([](const P&, const TensorTypes& types) {
        return first_of({needs_rows(types[0]), needs_same_shape(types[0], "positive", types[1])});
      })
      .source("van den Oord et al. 2018, arXiv:1807.03748, equation 4");
}

}  // namespace fdl::catalog
