#include "lib/catalog/schedules/polynomial.h"

#include <algorithm>
#include <cmath>

#include "lib/optim/declarations.h"

namespace fdl::optim {

Schedule schedule_polynomial(const catalog::Choice& choice, const Stretch& stretch) {
  const auto p = choice.as<catalog::schedules::PolynomialParams>();
  const auto num_steps =
      static_cast<double>(p.total_iters.value_or(std::max<std::int64_t>(1, stretch.num_steps)));
  return [=, lr = stretch.base_lr](std::int64_t step) {
    const double progress = std::min(1.0, static_cast<double>(step) / num_steps);
    return Rates{lr * std::pow(1 - progress, p.power), {}};
  };
}

}  // namespace fdl::optim
