#pragma once

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct AdadeltaParams {
  double lr = 1;
  double rho = 0.9;
  double eps = 1e-6;
  double weight_decay = 0;
  bool maximize = false;
  config::Node groups;
};

inline EntrySpec adadelta_spec() {
  using P = AdadeltaParams;
  return declare_entry<P>(
             "adadelta",
             "Steps scaled by the sizes of former steps over those of former gradients.")
      .param("lr", &P::lr, "Learning rate.", config::main_field, config::at_least(0))
      .param("rho", &P::rho, "Decay of the two mean squares.", config::between(0, 1))
      .param("eps", &P::eps, "Added to both mean squares.", config::at_least(0))
      .param("weight_decay", &P::weight_decay, "Pull towards zero, added to the gradient.",
             config::at_least(0))
      .maximize()
      .groups()
      .state([](const P&) { return 2; })
      .source("Zeiler 2012, arXiv:1212.5701, algorithm 1");
}

}  // namespace fdl::catalog
