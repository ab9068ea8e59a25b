#pragma once

#include <array>
#include <optional>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog::schedules {

struct OneCycleParams {
  double max_lr = 0;
  double pct_start = 0.3;
  std::string anneal_strategy = "cos";
  bool three_phase = false;
  double div_factor = 25;
  double final_div_factor = 1e4;
  bool cycle_momentum = true;
  double base_momentum = 0.85;
  double max_momentum = 0.95;
};

inline EntrySpec one_cycle_spec() {
  using config::above, config::between;
  using P = OneCycleParams;
  return declare_entry<P>("one_cycle",
                          "Up from a small learning rate to max_lr, then down to almost none; "
                          "momentum moves the other way.")
      .param("max_lr", &P::max_lr, "The largest learning rate.", config::required,
             config::main_field, above(0))
      .param("pct_start", &P::pct_start, "Share of the steps that go up.", between(0, 1))
      .param("anneal_strategy", &P::anneal_strategy, "Shape of the ways up and down.",
             config::choices({"cos", "linear"}))
      .param("three_phase", &P::three_phase, "Up, down to the start, then down to the end.")
      .param("div_factor", &P::div_factor, "The first learning rate is max_lr divided by this.",
             above(0))
      .param("final_div_factor", &P::final_div_factor,
             "The last learning rate is the first divided by this.", above(0))
      .param("cycle_momentum", &P::cycle_momentum, "Move the momentum (the first of betas) too.")
      .param("base_momentum", &P::base_momentum, "Momentum at the largest learning rate.",
             between(0, 1))
      .param("max_momentum", &P::max_momentum, "Momentum at both ends.", between(0, 1))
      .needs_end()
      .source("Smith and Topin 2017, arXiv:1708.07120; torch.optim.lr_scheduler.OneCycleLR");
}

}  // namespace fdl::catalog::schedules
