#pragma once

#include <array>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct AdamWParams {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0.01;
  bool amsgrad = false;
  bool maximize = false;
  config::Node groups;
};

inline EntrySpec adamw_spec() {
  using P = AdamWParams;
  return declare_entry<P>("adamw", "Adam, with weight decay apart from the gradient.")
      .param("lr", &P::lr, "Learning rate.", config::main_field, config::at_least(0))
      .param("betas", &P::betas, "Decay of the mean and of the mean square of the gradient.",
             config::at_least_and_below(0, 1))
      .param("eps", &P::eps, "Added to the denominator.", config::at_least(0))
      .param("weight_decay", &P::weight_decay, "Pull towards zero, apart from the gradient.",
             config::at_least(0))
      .param("amsgrad", &P::amsgrad, "Use the largest mean square so far.")
      .maximize()
      .groups()
      .state([](const P& p) { return p.amsgrad ? 3 : 2; })
      .source("Loshchilov and Hutter 2017, arXiv:1711.05101, algorithm 2");
}

}  // namespace fdl::catalog
