#pragma once

#include <array>
#include <optional>
#include <string>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct MuonParams {
  double lr = 1e-3;
  double weight_decay = 0.1;
  double momentum = 0.95;
  bool nesterov = true;
  std::array<double, 3> ns_coefficients = {3.4445, -4.775, 2.0315};
  double eps = 1e-7;
  std::int64_t ns_steps = 5;
  std::string adjust_lr_fn = "original";
  bool orthogonal = true;
  std::optional<double> adamw_lr;
  std::array<double, 2> adamw_betas = {0.9, 0.999};
  double adamw_eps = 1e-8;
  bool maximize = false;
  config::Node groups;
};

inline EntrySpec muon_spec() {
  using P = MuonParams;
  return declare_entry<P>(
             "muon", "Momentum made orthogonal for weights with two axes; adamw for all others.")
      .param("lr", &P::lr, "Learning rate.", config::main_field, config::at_least(0))
      .param("weight_decay", &P::weight_decay, "Pull towards zero, apart from the gradient.",
             config::at_least(0))
      .param("momentum", &P::momentum, "Decay of the mean of the gradient.",
             config::at_least_and_below(0, 1))
      .param("nesterov", &P::nesterov, "Look ahead along the momentum.")
      .param("ns_coefficients", &P::ns_coefficients,
             "Of the polynomial that makes the momentum orthogonal.")
      .param("eps", &P::eps, "Least norm that the momentum is divided by.", config::above(0))
      .param("ns_steps", &P::ns_steps, "How often the polynomial is applied.",
             config::between(1, 99))
      .param("adjust_lr_fn", &P::adjust_lr_fn,
             "How the shape of a weight scales its learning rate.",
             config::choices({"original", "match_rms_adamw"}))
      .param("orthogonal", &P::orthogonal,
             "False, in a group: use adamw for weights with two axes too.")
      .param("adamw_lr", &P::adamw_lr, "Learning rate of adamw; lr unless given.",
             config::at_least(0))
      .param("adamw_betas", &P::adamw_betas, "As betas of adamw.", config::at_least_and_below(0, 1))
      .param("adamw_eps", &P::adamw_eps, "As eps of adamw.", config::at_least(0))
      .maximize()
      .groups()
      .state([](const P& p) { return p.orthogonal ? 1 : 2; })
      .source("Jordan 2024, kellerjordan.github.io/posts/muon; torch.optim.Muon");
}

}  // namespace fdl::catalog
