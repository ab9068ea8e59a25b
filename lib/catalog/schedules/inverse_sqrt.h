#pragma once

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog::schedules {

struct InverseSqrtParams {
  std::int64_t timescale = 0;
};

inline EntrySpec inverse_sqrt_spec() {
  using P = InverseSqrtParams;
  return declare_entry<P>("inverse_sqrt",
                          "Fall with the root of the steps, counted from before the warm-up.")
      .param(
          "timescale", &P::timescale,
          "Steps after which the root counts as 1; those of the warm-up, or 10000, unless given.",
          config::main_field, config::at_least(0))
      .source("Vaswani et al. 2017, arXiv:1706.03762, equation 3");
}

}  // namespace fdl::catalog::schedules
