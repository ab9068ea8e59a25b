#pragma once

#include "lib/catalog/drop.h"

namespace fdl::catalog {

using DropPathParams = DropParams;

inline ModuleSpec drop_path_spec() {
  return drop("drop_path",
              "Stochastic depth: in training, zero whole samples with probability p and scale the "
              "rest by 1 / (1 - p); for the end of a residual branch.",
              "Probability of a sample of zeros.")
      .shape("[*] -> [*]")
      .keeps({})
      // The mask.
      .keeps_bytes([](const auto&, const TensorType& x, const TensorType&) {
        return bytes_of(x.shape[0], x);
      })
      .source("Huang et al. 2016, arXiv:1603.09382, section 3")
      .example("drop_path: 0.25");
}

}  // namespace fdl::catalog
