#pragma once

#include <string>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct SoftMarginParams {
  std::string reduction = "mean";
};

inline EntrySpec soft_margin_spec() {
  using P = SoftMarginParams;
  return declare_entry<P>("soft_margin", "log(1 + exp(-target * output)), for targets 1 and -1.")
      .reduction()
      .target(Values::PlusMinus, "f32[3]")
      .fits([](const P&, const TensorType& output, const TensorType& target) {
        return needs_same_shape(output, "target", target);
      })
      .source("torch.nn.SoftMarginLoss");
}

}  // namespace fdl::catalog
