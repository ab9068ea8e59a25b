#include "lib/catalog/schedules/exponential.h"

#include <cmath>

#include "lib/optim/declarations.h"

namespace fdl::optim {

Schedule schedule_exponential(const catalog::Choice& choice, const Stretch& stretch) {
  const auto p = choice.as<catalog::schedules::ExponentialParams>();
  return [p, lr = stretch.base_lr](std::int64_t step) {
    return Rates{lr * std::pow(p.gamma, static_cast<double>(step)), {}};
  };
}

}  // namespace fdl::optim
