#pragma once

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct RmsPropParams {
  double lr = 1e-2;
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum = 0;
  bool centered = false;
  bool maximize = false;
  config::Node groups;
};

inline EntrySpec rmsprop_spec() {
  using P = RmsPropParams;
  return declare_entry<P>("rmsprop",
                          "Steps scaled by the root of a running mean of the squared gradient.")
      .param("lr", &P::lr, "Learning rate.", config::main_field, config::at_least(0))
      .param("alpha", &P::alpha, "Decay of the mean square.", config::at_least(0))
      .param("eps", &P::eps, "Added to the denominator.", config::at_least(0))
      .param("weight_decay", &P::weight_decay, "Pull towards zero, added to the gradient.",
             config::at_least(0))
      .param("momentum", &P::momentum, "Share of the former update that is kept.",
             config::at_least(0))
      .param("centered", &P::centered, "Scale by the variance: without the square of the mean.")
      .maximize()
      .groups()
      .state([](const P& p) { return 1 + (p.momentum > 0) + p.centered; })
      .source(
          "Hinton 2012, Coursera, Neural networks for machine learning, lecture 6e; "
          "torch.optim.RMSprop");
}

}  // namespace fdl::catalog
