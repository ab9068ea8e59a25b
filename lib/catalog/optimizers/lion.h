#pragma once

#include <array>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct LionParams {
  double lr = 1e-4;
  std::array<double, 2> betas = {0.9, 0.99};
  double weight_decay = 0;
  bool maximize = false;
  config::Node groups;
};

inline EntrySpec lion_spec() {
  using P = LionParams;
  return declare_entry<P>("lion",
                          "Steps of one size, by the sign of a running mean of the gradient.")
      .param("lr", &P::lr, "Learning rate.", config::main_field, config::at_least(0))
      .param("betas", &P::betas, "Share of the mean in a step, and decay of the mean.",
             config::at_least_and_below(0, 1))
      .param("weight_decay", &P::weight_decay, "Pull towards zero, apart from the gradient.",
             config::at_least(0))
      .maximize()
      .groups()
      .state([](const P&) { return 1; })
      .source("Chen et al. 2023, arXiv:2302.06675, algorithm 2");
}

}  // namespace fdl::catalog
