#pragma once

#include <string>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog::schedules {

struct CosineRestartsParams {
  std::int64_t T_0 = 0;
  std::int64_t T_mult = 1;
  double min_lr = 0;
  std::string unit = "steps";
};

inline EntrySpec cosine_restarts_spec() {
  using P = CosineRestartsParams;
  return declare_entry<P>(
             "cosine_restarts",
             "Half a cosine wave down to min_lr, again and again, each T_mult times as long.")
      .param("T_0", &P::T_0, "Steps of the first wave.", config::required, config::main_field,
             config::at_least(1))
      .param("T_mult", &P::T_mult, "How much longer each wave is than the one before.",
             config::at_least(1))
      .param("min_lr", &P::min_lr, "Learning rate at the end of a wave.", config::at_least(0))
      .unit()
      .source(
          "Loshchilov and Hutter 2016, arXiv:1608.03983, equation 5; "
          "torch.optim.lr_scheduler.CosineAnnealingWarmRestarts");
}

}  // namespace fdl::catalog::schedules
