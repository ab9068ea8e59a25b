#pragma once

#include <array>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct RpropParams {
  double lr = 1e-2;
  std::array<double, 2> etas = {0.5, 1.2};
  std::array<double, 2> step_sizes = {1e-6, 50};
  bool maximize = false;
  config::Node groups;
};

inline EntrySpec rprop_spec() {
  using P = RpropParams;
  return declare_entry<P>(
             "rprop",
             "Steps by the signs of gradients alone, longer while signs stay; for whole batches.")
      .param("lr", &P::lr, "The first step size.", config::main_field, config::at_least(0))
      .param("etas", &P::etas, "Factors of a step size when the sign changes and when it stays.",
             config::above(0))
      .param("step_sizes", &P::step_sizes, "The least and the largest step size.",
             config::at_least(0))
      .maximize()
      .groups()
      .state([](const P&) { return 2; })
      .source("Riedmiller and Braun 1993, doi:10.1109/ICNN.1993.298623; torch.optim.Rprop");
}

}  // namespace fdl::catalog
