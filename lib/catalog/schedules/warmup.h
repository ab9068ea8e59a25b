#pragma once

#include <array>
#include <optional>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog::schedules {

struct WarmupParams {
  std::int64_t steps = 0;
  double fraction = 0;
  double start_factor = 0;
};

inline EntrySpec warmup_spec() {
  using P = WarmupParams;
  return declare_entry<P>("warmup",
                          "Grow in a straight line to the full learning rate; the next schedule in "
                          "the list follows.")
      .param("steps", &P::steps, "How many steps it takes.", config::main_field,
             config::at_least(0))
      .param("fraction", &P::fraction, "Or: the share of all steps it takes.",
             config::at_least_and_below(0, 1))
      .param("start_factor", &P::start_factor, "Share of the learning rate at the first step.",
             config::between(0, 1))
      .source("Goyal et al. 2017, arXiv:1706.02677, section 2.2");
}

}  // namespace fdl::catalog::schedules
