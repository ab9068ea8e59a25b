#pragma once

#include <string>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog::schedules {

struct StepParams {
  std::int64_t step_size = 0;
  double gamma = 0.1;
  std::string unit = "steps";
};

inline EntrySpec step_spec() {
  using P = StepParams;
  return declare_entry<P>("step", "The learning rate times gamma once every step_size steps.")
      .param("step_size", &P::step_size, "How many steps apart.", config::required,
             config::main_field, config::at_least(1))
      .param("gamma", &P::gamma, "What the learning rate is multiplied by each time.",
             config::above(0))
      .unit()
      .source("torch.optim.lr_scheduler.StepLR");
}

}  // namespace fdl::catalog::schedules
