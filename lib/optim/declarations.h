#pragma once

#include <memory>
#include <vector>

#include "lib/optim/optimizer.h"
#include "lib/optim/schedule.h"

// The functions that this folder's files define, one for each line of the catalogue's lists.
namespace fdl::optim {

#define FDL_OPTIMIZER(name)                                                  \
  std::unique_ptr<Optimizer> optimizer_##name(const catalog::Choice& choice, \
                                              const std::vector<tensor::NamedTensor>& parameters);
#include "lib/catalog/optimizers.inc"
#undef FDL_OPTIMIZER

// The part of training that one schedule of a list has.
struct Stretch {
  double base_lr = 0;
  std::int64_t num_steps = 0;
  std::int64_t num_before = 0;  // steps that came before it
  Schedule next;                // from this stretch's end, counting from 0 there
};

// Steps count from the start of the stretch.
#define FDL_SCHEDULE(name) \
  Schedule schedule_##name(const catalog::Choice& choice, const Stretch& stretch);
#include "lib/catalog/schedules.inc"
#undef FDL_SCHEDULE

}  // namespace fdl::optim
