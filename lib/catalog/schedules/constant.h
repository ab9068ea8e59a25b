#pragma once

#include <array>
#include <optional>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog::schedules {

struct ConstantParams {
  double factor = 1;
};

inline EntrySpec constant_spec() {
  using P = ConstantParams;
  return declare_entry<P>("constant", "The learning rate times a factor, throughout.")
      .param("factor", &P::factor, "What the optimizer's lr is multiplied by.", config::main_field,
             config::at_least(0))
      .source("torch.optim.lr_scheduler.ConstantLR");
}

}  // namespace fdl::catalog::schedules
