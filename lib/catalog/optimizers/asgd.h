#pragma once

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct AsgdParams {
  double lr = 1e-2;
  double lambd = 1e-4;
  double alpha = 0.75;
  double t0 = 1e6;
  double weight_decay = 0;
  bool maximize = false;
  config::Node groups;
};

inline EntrySpec asgd_spec() {
  using P = AsgdParams;
  return declare_entry<P>(
             "asgd",
             "Averaged gradient descent: state keeps the mean of the parameters since step t0.")
      .param("lr", &P::lr, "Learning rate.", config::main_field, config::at_least(0))
      .param("lambd", &P::lambd, "Decay of the parameters at each step.", config::at_least(0))
      .param("alpha", &P::alpha, "Power of the fall of the learning rate.", config::at_least(0))
      .param("t0", &P::t0, "Step from which parameters are averaged.", config::at_least(0))
      .param("weight_decay", &P::weight_decay, "Pull towards zero, added to the gradient.",
             config::at_least(0))
      .maximize()
      .groups()
      .state([](const P&) { return 1; })
      .source("Polyak and Juditsky 1992, doi:10.1137/0330046; torch.optim.ASGD");
}

}  // namespace fdl::catalog
