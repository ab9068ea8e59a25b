#pragma once

#include <optional>
#include <string>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog::schedules {

struct CyclicParams {
  double max_lr = 0;
  std::optional<double> base_lr;
  std::int64_t step_size_up = 2000;
  std::optional<std::int64_t> step_size_down;
  std::string mode = "triangular";
  double gamma = 1;
  bool cycle_momentum = true;
  double base_momentum = 0.8;
  double max_momentum = 0.9;
};

inline EntrySpec cyclic_spec() {
  using P = CyclicParams;
  return declare_entry<P>(
             "cyclic", "Up to max_lr and down again, over and over; momentum moves the other way.")
      .param("max_lr", &P::max_lr, "The largest learning rate.", config::required,
             config::main_field, config::above(0))
      .param("base_lr", &P::base_lr, "The smallest; that of the optimizer unless given.",
             config::at_least(0))
      .param("step_size_up", &P::step_size_up, "How many steps go up.", config::at_least(1))
      .param("step_size_down", &P::step_size_down, "How many go down; as many unless given.",
             config::at_least(1))
      .param("mode", &P::mode, "Whether cycles keep their height, halve it, or lose it by gamma.",
             config::choices({"triangular", "triangular2", "exp_range"}))
      .param("gamma", &P::gamma, "Factor of the height at each step in the mode exp_range.",
             config::above(0))
      .param("cycle_momentum", &P::cycle_momentum, "Move the momentum (the first of betas) too.")
      .param("base_momentum", &P::base_momentum, "Momentum at the largest learning rate.",
             config::between(0, 1))
      .param("max_momentum", &P::max_momentum, "Momentum at the smallest.", config::between(0, 1))
      .source("Smith 2015, arXiv:1506.01186; torch.optim.lr_scheduler.CyclicLR");
}

}  // namespace fdl::catalog::schedules
