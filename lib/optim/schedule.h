#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "lib/catalog/entry_spec.h"

// The computing half of lib/catalog/schedules.
namespace fdl::optim {

// What a schedule decides for one update.
struct Rates {
  double lr = 0;
  std::optional<double> momentum;  // instead of the optimizer's momentum or first beta
};

// The rates of update `step`, counted from 0. A pure function: nothing to save or restore.
using Schedule = std::function<Rates(std::int64_t step)>;

// The schedules of a manifest, one after the other: each `warmup` takes its own number of steps and
// ends at the first rate of what follows, the first other one takes all steps that remain. None at
// all keeps `base_lr`, the optimizer's own rate. One whose unit is epochs moves once an epoch.
Schedule make_schedule(const std::vector<catalog::Choice>& chain, double base_lr,
                       std::int64_t total_steps, std::int64_t steps_per_epoch = 1);

}  // namespace fdl::optim
