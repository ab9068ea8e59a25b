#include "lib/catalog/schedules/one_cycle.h"

#include <cmath>
#include <numbers>

#include "lib/optim/declarations.h"

namespace fdl::optim {
namespace {

// A way from one pair of rates to another, which ends at step `end`; PyTorch lets it be a fraction.
struct Phase {
  double end;
  Rates from, to;
};

double between(double from, double to, double progress, bool is_linear) {
  if (is_linear) return from + (to - from) * progress;
  return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * progress));
}

std::vector<Phase> phases(const catalog::schedules::OneCycleParams& p, double num_steps) {
  const double first_lr = p.max_lr / p.div_factor, last_lr = first_lr / p.final_div_factor;
  const Rates first = {first_lr, p.max_momentum}, top = {p.max_lr, p.base_momentum},
              last = {last_lr, p.max_momentum};
  const double up = p.pct_start * num_steps - 1;
  if (!p.three_phase) return {{up, first, top}, {num_steps - 1, top, last}};
  return {{up, first, top}, {2 * up, top, first}, {num_steps - 1, first, last}};
}

Rates rates_at(const std::vector<Phase>& list, double step, bool is_linear) {
  double start = 0;
  std::size_t i = 0;
  for (; i + 1 < list.size() && step > list[i].end; ++i) start = list[i].end;
  const Phase& phase = list[i];
  const double length = phase.end - start;
  const double progress = length > 0 ? std::min(1.0, (step - start) / length) : 1;
  return {between(phase.from.lr, phase.to.lr, progress, is_linear),
          between(*phase.from.momentum, *phase.to.momentum, progress, is_linear)};
}

}  // namespace

Schedule schedule_one_cycle(const catalog::Choice& choice, const Stretch& stretch) {
  const auto p = choice.as<catalog::schedules::OneCycleParams>();
  return [p, list = phases(p, static_cast<double>(stretch.num_steps))](std::int64_t step) {
    Rates rates = rates_at(list, static_cast<double>(step), p.anneal_strategy == "linear");
    if (!p.cycle_momentum) rates.momentum.reset();
    return rates;
  };
}

}  // namespace fdl::optim
