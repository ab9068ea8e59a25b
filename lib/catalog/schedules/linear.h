#pragma once

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog::schedules {

struct LinearParams {
  double to = 0;
  double from = 1;
};

inline EntrySpec linear_spec() {
  using P = LinearParams;
  return declare_entry<P>(
             "linear", "A straight line from one share of the learning rate to another at the end.")
      .param("to", &P::to, "Share of the learning rate at the end.", config::main_field,
             config::at_least(0))
      .param("from", &P::from, "Share of the learning rate at the start.", config::at_least(0))
      .needs_end()
      .source("torch.optim.lr_scheduler.LinearLR");
}

}  // namespace fdl::catalog::schedules
