#include "lib/catalog/schedules/inverse_sqrt.h"

#include <cmath>

#include "lib/optim/declarations.h"

namespace fdl::optim {

Schedule schedule_inverse_sqrt(const catalog::Choice& choice, const Stretch& stretch) {
  const auto p = choice.as<catalog::schedules::InverseSqrtParams>();
  constexpr std::int64_t kTimescale = 10'000;
  std::int64_t scale = p.timescale > 0 ? p.timescale : stretch.num_before;
  if (scale == 0) scale = kTimescale;
  return [scale, lr = stretch.base_lr](std::int64_t step) {
    return Rates{lr * std::sqrt(static_cast<double>(scale) / static_cast<double>(scale + step)),
                 {}};
  };
}

}  // namespace fdl::optim
