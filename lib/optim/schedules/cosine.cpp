#include "lib/catalog/schedules/cosine.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/optim/declarations.h"

namespace fdl::optim {

Schedule schedule_cosine(const catalog::Choice& choice, const Stretch& stretch) {
  const double low = choice.as<catalog::schedules::CosineParams>().min_lr, high = stretch.base_lr;
  const auto num_steps = static_cast<double>(std::max<std::int64_t>(1, stretch.num_steps));
  return [=](std::int64_t step) {
    const double progress = std::min(1.0, static_cast<double>(step) / num_steps);
    return Rates{low + (high - low) * (1 + std::cos(std::numbers::pi * progress)) / 2, {}};
  };
}

}  // namespace fdl::optim
