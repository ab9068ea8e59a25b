#pragma once

#include "lib/catalog/drop.h"

namespace fdl::catalog {

using AlphaDropoutParams = DropParams;

inline ModuleSpec alpha_dropout_spec() {
  return drop(
             "alpha_dropout",
             "In training, set each value to SELU's lower bound with probability p, then scale and "
             "shift all so that mean 0 and variance 1 stay.",
             "Probability of a lost value.")
      .shape("[*] -> [*]")
      .flops([](const DropParams&, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(2);
      })
      .keeps({})
      // The mask.
      .keeps_bytes([](const auto&, const TensorType& x, const TensorType&) { return bytes_of(x); })
      .source("Klambauer et al. 2017, arXiv:1706.02515, appendix")
      .example("alpha_dropout: 0.25");
}

}  // namespace fdl::catalog
