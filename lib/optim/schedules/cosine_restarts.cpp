#include "lib/catalog/schedules/cosine_restarts.h"

#include <cmath>
#include <numbers>

#include "lib/optim/declarations.h"

namespace fdl::optim {

Schedule schedule_cosine_restarts(const catalog::Choice& choice, const Stretch& stretch) {
  const auto p = choice.as<catalog::schedules::CosineRestartsParams>();
  return [p, lr = stretch.base_lr](std::int64_t step) {
    std::int64_t at = step, length = p.T_0;
    if (p.T_mult == 1) at %= length;
    for (; at >= length; length *= p.T_mult) at -= length;
    const double progress = static_cast<double>(at) / static_cast<double>(length);
    return Rates{p.min_lr + (lr - p.min_lr) * (1 + std::cos(std::numbers::pi * progress)) / 2, {}};
  };
}

}  // namespace fdl::optim
