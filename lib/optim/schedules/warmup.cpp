#include "lib/catalog/schedules/warmup.h"

#include "lib/optim/declarations.h"

namespace fdl::optim {

Schedule schedule_warmup(const catalog::Choice& choice, const Stretch& stretch) {
  const double start = choice.as<catalog::schedules::WarmupParams>().start_factor;
  return [start, num_steps = stretch.num_steps, next = stretch.next](std::int64_t step) {
    if (step >= num_steps) return next(step - num_steps);
    const double progress = static_cast<double>(step) / static_cast<double>(num_steps);
    Rates rates = next(0);
    rates.lr *= start + (1 - start) * progress;
    return rates;
  };
}

}  // namespace fdl::optim
