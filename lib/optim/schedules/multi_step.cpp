#include "lib/catalog/schedules/multi_step.h"

#include <algorithm>
#include <cmath>

#include "lib/optim/declarations.h"

namespace fdl::optim {

Schedule schedule_multi_step(const catalog::Choice& choice, const Stretch& stretch) {
  const auto p = choice.as<catalog::schedules::MultiStepParams>();
  return [p, lr = stretch.base_lr](std::int64_t step) {
    const auto passed = std::count_if(p.milestones.begin(), p.milestones.end(),
                                      [&](std::int64_t milestone) { return milestone <= step; });
    return Rates{lr * std::pow(p.gamma, static_cast<double>(passed)), {}};
  };
}

}  // namespace fdl::optim
