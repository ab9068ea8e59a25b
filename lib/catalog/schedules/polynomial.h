#pragma once

#include <optional>
#include <string>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog::schedules {

struct PolynomialParams {
  double power = 1;
  std::optional<std::int64_t> total_iters;
  std::string unit = "steps";
};

inline EntrySpec polynomial_spec() {
  using P = PolynomialParams;
  return declare_entry<P>("polynomial", "Fall to 0 by a power of what is left.")
      .param("power", &P::power, "1 is a straight line.", config::main_field, config::above(0))
      .param("total_iters", &P::total_iters, "Steps to 0; all that remain unless given.",
             config::at_least(1))
      .unit()
      .needs_end()
      .source("torch.optim.lr_scheduler.PolynomialLR");
}

}  // namespace fdl::catalog::schedules
