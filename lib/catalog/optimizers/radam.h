#pragma once

#include <array>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct RAdamParams {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  bool decoupled_weight_decay = false;
  bool maximize = false;
  config::Node groups;
};

inline EntrySpec radam_spec() {
  using P = RAdamParams;
  return declare_entry<P>(
             "radam",
             "Adam whose first steps, while the mean square is uncertain, are not scaled by it.")
      .param("lr", &P::lr, "Learning rate.", config::main_field, config::at_least(0))
      .param("betas", &P::betas, "Decay of the mean and of the mean square of the gradient.",
             config::at_least_and_below(0, 1))
      .param("eps", &P::eps, "Added to the denominator.", config::at_least(0))
      .param("weight_decay", &P::weight_decay, "Pull towards zero, added to the gradient.",
             config::at_least(0))
      .param("decoupled_weight_decay", &P::decoupled_weight_decay,
             "Keep the pull towards zero apart from the gradient.")
      .maximize()
      .groups()
      .state([](const P&) { return 2; })
      .source("Liu et al. 2019, arXiv:1908.03265, algorithm 2");
}

}  // namespace fdl::catalog
