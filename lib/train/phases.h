#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lib/job/phases.h"

namespace fdl::train {

// Where a run stands in its phases: saved with it.
struct PhaseState {
  std::int64_t index = 0;
  std::int64_t first_step = 0, first_epoch = 0;  // done when the phase began
  job::SeenByTrends seen;                        // of each trend of `until`, since then
  std::int64_t data_step = 0, data_epoch = 0;    // done when the data at hand began

  friend bool operator==(const PhaseState&, const PhaseState&) = default;
};

// What has been done of a run.
struct Done {
  std::int64_t steps = 0, epochs = 0;
};

// Takes up what was measured after a step, and tells whether the phase is over: a sentence that
// says why, or nothing. `means` are measurements by name.
std::string observe(const job::Until& until, PhaseState& state, const Done& done,
                    const std::map<std::string, double>& means);

}  // namespace fdl::train
