#pragma once

#include <array>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct NAdamParams {
  double lr = 2e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum_decay = 4e-3;
  bool decoupled_weight_decay = false;
  bool maximize = false;
  config::Node groups;
};

inline EntrySpec nadam_spec() {
  using P = NAdamParams;
  return declare_entry<P>("nadam", "Adam with Nesterov's look ahead.")
      .param("lr", &P::lr, "Learning rate.", config::main_field, config::at_least(0))
      .param("betas", &P::betas, "Decay of the mean and of the mean square of the gradient.",
             config::at_least_and_below(0, 1))
      .param("eps", &P::eps, "Added to the denominator.", config::at_least(0))
      .param("weight_decay", &P::weight_decay, "Pull towards zero, added to the gradient.",
             config::at_least(0))
      .param("momentum_decay", &P::momentum_decay,
             "How fast the momentum grows to the first of betas.", config::at_least(0))
      .param("decoupled_weight_decay", &P::decoupled_weight_decay,
             "Keep the pull towards zero apart from the gradient.")
      .maximize()
      .groups()
      .state([](const P&) { return 2; })
      .source("Dozat 2016, ICLR workshop, algorithm 2");
}

}  // namespace fdl::catalog
