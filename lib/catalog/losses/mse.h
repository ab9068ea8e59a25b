#pragma once

#include <string>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct MseParams {
  std::string reduction = "mean";
};

inline EntrySpec mse_spec() {
  using P = MseParams;
  return declare_entry<P>("mse", "Mean of the squared differences.")
      .reduction()
      .fits([](const P&, const TensorType& output, const TensorType& target) {
        return needs_equal(output, target);
      })
      .memory(0, 1)
      .source("torch.nn.MSELoss");
}

}  // namespace fdl::catalog
