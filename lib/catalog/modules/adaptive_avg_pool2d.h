#pragma once

#include "lib/catalog/sizes_2d.h"

namespace fdl::catalog {

struct AdaptiveAvgPool2dParams {
  Pair output_size = {1, 1};
};

inline ModuleSpec adaptive_avg_pool2d_spec() {
  using config::at_least, config::main_field;
  using P = AdaptiveAvgPool2dParams;
  return declare<P>("adaptive_avg_pool2d",
                    "Average windows that are chosen so that the output has the wanted size.")
      .param("output_size", &P::output_size, "Rows and columns that go out.", main_field,
             at_least(1))
      .shape("[N, C, H, W] -> [N, C, output_size[0], output_size[1]]")
      .flops([](const P&, const TensorType& x, const TensorType&) { return num_elements(x.shape); })
      .source("torch.nn.AdaptiveAvgPool2d")
      .example("adaptive_avg_pool2d: 1");
}

}  // namespace fdl::catalog
