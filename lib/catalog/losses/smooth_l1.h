#pragma once

#include <string>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct SmoothL1Params {
  double beta = 1;
  std::string reduction = "mean";
};

inline EntrySpec smooth_l1_spec() {
  using P = SmoothL1Params;
  return declare_entry<P>("smooth_l1", "Squared differences below beta, plain ones above.")
      .param("beta", &P::beta, "Where the squared part ends; 0 gives l1.", config::at_least(0))
      .reduction()
      .fits([](const P&, const TensorType& output, const TensorType& target) {
        return needs_equal(output, target);
      })
      .memory(0, 1)
      .source("Girshick 2015, arXiv:1504.08083, equation 3; torch.nn.SmoothL1Loss");
}

}  // namespace fdl::catalog
