#pragma once

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct SgdParams {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;
  bool maximize = false;
  config::Node groups;
};

inline EntrySpec sgd_spec() {
  using P = SgdParams;
  return declare_entry<P>("sgd", "Stochastic gradient descent, with momentum if wanted.")
      .param("lr", &P::lr, "Learning rate.", config::main_field, config::at_least(0))
      .param("momentum", &P::momentum, "Share of the former update that is kept.",
             config::at_least(0))
      .param("dampening", &P::dampening, "Share of the gradient that momentum leaves out.")
      .param("weight_decay", &P::weight_decay, "Pull towards zero, added to the gradient.",
             config::at_least(0))
      .param("nesterov", &P::nesterov,
             "Look ahead along the momentum; needs momentum and no dampening.")
      .maximize()
      .groups()
      .state([](const P& p) { return p.momentum > 0 ? 1 : 0; })
      .source("torch.optim.SGD");
}

}  // namespace fdl::catalog
