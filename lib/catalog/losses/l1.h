#pragma once

#include <string>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct L1Params {
  std::string reduction = "mean";
};

inline EntrySpec l1_spec() {
  using P = L1Params;
  return declare_entry<P>("l1", "Mean of the differences without their signs.")
      .reduction()
      .fits([](const P&, const TensorType& output, const TensorType& target) {
        return needs_equal(output, target);
      })
      .memory(0, 1)
      .source("torch.nn.L1Loss");
}

}  // namespace fdl::catalog
