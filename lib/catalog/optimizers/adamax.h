#pragma once

#include <array>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct AdamaxParams {
  double lr = 2e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  bool maximize = false;
  config::Node groups;
};

inline EntrySpec adamax_spec() {
  using P = AdamaxParams;
  return declare_entry<P>("adamax",
                          "Adam with the largest gradient of late in place of the mean square.")
      .param("lr", &P::lr, "Learning rate.", config::main_field, config::at_least(0))
      .param("betas", &P::betas, "Decay of the mean and of the largest size of the gradient.",
             config::at_least_and_below(0, 1))
      .param("eps", &P::eps, "Added to the denominator.", config::at_least(0))
      .param("weight_decay", &P::weight_decay, "Pull towards zero, added to the gradient.",
             config::at_least(0))
      .maximize()
      .groups()
      .state([](const P&) { return 2; })
      .source("Kingma and Ba 2014, arXiv:1412.6980, algorithm 2");
}

}  // namespace fdl::catalog
