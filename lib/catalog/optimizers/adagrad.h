#pragma once

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct AdagradParams {
  double lr = 1e-2;
  double lr_decay = 0;
  double weight_decay = 0;
  double initial_accumulator_value = 0;
  double eps = 1e-10;
  bool maximize = false;
  config::Node groups;
};

inline EntrySpec adagrad_spec() {
  using P = AdagradParams;
  return declare_entry<P>("adagrad", "Steps scaled by the root of all squared gradients so far.")
      .param("lr", &P::lr, "Learning rate.", config::main_field, config::at_least(0))
      .param("lr_decay", &P::lr_decay, "How fast the learning rate falls with the steps.",
             config::at_least(0))
      .param("weight_decay", &P::weight_decay, "Pull towards zero, added to the gradient.",
             config::at_least(0))
      .param("initial_accumulator_value", &P::initial_accumulator_value,
             "Where the sum of squares starts.", config::at_least(0))
      .param("eps", &P::eps, "Added to the denominator.", config::at_least(0))
      .maximize()
      .groups()
      .state([](const P&) { return 1; })
      .source("Duchi, Hazan and Singer 2011, JMLR 12, section 1.1");
}

}  // namespace fdl::catalog
