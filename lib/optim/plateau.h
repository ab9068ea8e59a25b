#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/catalog/schedules/plateau.h"
#include "lib/optim/schedule.h"

namespace fdl::optim {

// What a plateau has seen: saved with a run, as it follows from no step number.
struct PlateauState {
  std::optional<double> best;
  std::int64_t num_bad = 0;   // measurements since the last that was better
  std::int64_t cooldown = 0;  // measurements that do not count yet
  double scale = 1;           // of the learning rate
  std::vector<double> seen;   // the last measurements, of one that goes by a trend

  friend bool operator==(const PlateauState&, const PlateauState&) = default;
};

// The state after one more measurement; `base_lr` is the optimizer's own rate.
PlateauState observe(const catalog::schedules::PlateauParams& params, bool higher_is_better,
                     double base_lr, PlateauState state, double value);

}  // namespace fdl::optim
