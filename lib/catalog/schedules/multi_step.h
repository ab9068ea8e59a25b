#pragma once

#include <string>
#include <vector>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog::schedules {

struct MultiStepParams {
  std::vector<std::int64_t> milestones;
  double gamma = 0.1;
  std::string unit = "steps";
};

inline EntrySpec multi_step_spec() {
  using P = MultiStepParams;
  return declare_entry<P>("multi_step", "The learning rate times gamma at each milestone.")
      .param("milestones", &P::milestones, "The steps at which it falls.", config::required,
             config::main_field, config::at_least(0))
      .param("gamma", &P::gamma, "What the learning rate is multiplied by each time.",
             config::above(0))
      .unit()
      .source("torch.optim.lr_scheduler.MultiStepLR");
}

}  // namespace fdl::catalog::schedules
