#include "lib/catalog/schedules/linear.h"

#include <algorithm>

#include "lib/optim/declarations.h"

namespace fdl::optim {

Schedule schedule_linear(const catalog::Choice& choice, const Stretch& stretch) {
  const auto p = choice.as<catalog::schedules::LinearParams>();
  const auto num_steps = static_cast<double>(std::max<std::int64_t>(1, stretch.num_steps));
  return [=, lr = stretch.base_lr](std::int64_t step) {
    const double progress = std::min(1.0, static_cast<double>(step) / num_steps);
    return Rates{lr * (p.from + (p.to - p.from) * progress), {}};
  };
}

}  // namespace fdl::optim
