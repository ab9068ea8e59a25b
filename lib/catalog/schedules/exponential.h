#pragma once

#include <string>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog::schedules {

struct ExponentialParams {
  double gamma = 0;
  std::string unit = "steps";
};

inline EntrySpec exponential_spec() {
  using P = ExponentialParams;
  return declare_entry<P>("exponential", "The learning rate times gamma at every step.")
      .param("gamma", &P::gamma, "What the learning rate is multiplied by each time.",
             config::required, config::main_field, config::above(0))
      .unit()
      .source("torch.optim.lr_scheduler.ExponentialLR");
}

}  // namespace fdl::catalog::schedules
