#pragma once

#include <string>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct HuberParams {
  double delta = 1;
  std::string reduction = "mean";
};

inline EntrySpec huber_spec() {
  using P = HuberParams;
  return declare_entry<P>("huber",
                          "Half the squared differences below delta, delta times plain ones above.")
      .param("delta", &P::delta, "Where the squared part ends.", config::above(0))
      .reduction()
      .fits([](const P&, const TensorType& output, const TensorType& target) {
        return needs_equal(output, target);
      })
      .memory(0, 1)
      .source("Huber 1964, doi:10.1214/aoms/1177703732; torch.nn.HuberLoss");
}

}  // namespace fdl::catalog
