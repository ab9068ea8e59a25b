#pragma once

#include "lib/catalog/drop.h"

namespace fdl::catalog {

using DropoutParams = DropParams;

inline ModuleSpec dropout_spec() {
  return drop("dropout",
              "In training, zero each value with probability p and scale the rest by 1 / (1 - p).",
              "Probability of a zero.")
      .shape("[*] -> [*]")
      .keeps({})
      // The mask.
      .keeps_bytes([](const auto&, const TensorType& x, const TensorType&) { return bytes_of(x); })
      .source("Srivastava et al. 2014, Journal of Machine Learning Research 15, section 4")
      .example("dropout: 0.25");
}

}  // namespace fdl::catalog
