#pragma once

#include "lib/catalog/module_spec.h"

namespace fdl::catalog {

struct DropoutParams {
  double p = 0.5;
};

inline ModuleSpec dropout_spec() {
  using P = DropoutParams;
  return declare<P>(
             "dropout",
             "In training, zero each value with probability p and scale the rest by 1 / (1 - p).")
      .param("p", &P::p, "Probability of a zero.", config::main_field,
             config::at_least_and_below(0, 1))
      .shape("[*] -> [*]")
      .draws()
      .source("Srivastava et al. 2014, Journal of Machine Learning Research 15, section 4")
      .example("dropout: 0.25");
}

}  // namespace fdl::catalog
