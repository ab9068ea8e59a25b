#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec softmax2d_spec() {
  return declare<NoParams>("softmax2d",
                           "exp(x), divided by its sum over the channels at each place.")
      .shape("[N, C, H, W] -> [N, C, H, W]")
      .flops([](const NoParams&, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(5);
      })
      .keeps({"output"})
      .source("torch.nn.Softmax2d")
      .example("softmax2d");
}

}  // namespace fdl::catalog
