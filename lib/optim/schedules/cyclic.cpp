#include "lib/catalog/schedules/cyclic.h"

#include <cmath>

#include "lib/optim/declarations.h"

namespace fdl::optim {

Schedule schedule_cyclic(const catalog::Choice& choice, const Stretch& stretch) {
  const auto p = choice.as<catalog::schedules::CyclicParams>();
  return [p, base = p.base_lr.value_or(stretch.base_lr)](std::int64_t step) {
    const auto up = static_cast<double>(p.step_size_up),
               down = static_cast<double>(p.step_size_down.value_or(p.step_size_up));
    const double cycles = static_cast<double>(step) / (up + down), number = std::floor(cycles);
    const double place = cycles - number, top = up / (up + down);
    double height = place <= top ? place / top : (1 - place) / (1 - top);
    if (p.mode == "triangular2") height /= std::pow(2, number);
    if (p.mode == "exp_range") height *= std::pow(p.gamma, static_cast<double>(step));
    Rates rates{base + (p.max_lr - base) * height, {}};
    if (p.cycle_momentum)
      rates.momentum = p.max_momentum - (p.max_momentum - p.base_momentum) * height;
    return rates;
  };
}

}  // namespace fdl::optim
