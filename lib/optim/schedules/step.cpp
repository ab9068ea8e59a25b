#include "lib/catalog/schedules/step.h"

#include <cmath>

#include "lib/optim/declarations.h"

namespace fdl::optim {

Schedule schedule_step(const catalog::Choice& choice, const Stretch& stretch) {
  const auto p = choice.as<catalog::schedules::StepParams>();
  return [p, lr = stretch.base_lr](std::int64_t step) {
    return Rates{lr * std::pow(p.gamma, static_cast<double>(step / p.step_size)), {}};
  };
}

}  // namespace fdl::optim
