#include "lib/optim/plateau.h"

#include <algorithm>
#include <cmath>

#include "lib/base/trend.h"

namespace fdl::optim {
namespace {

bool is_better(const catalog::schedules::PlateauParams& p, bool higher_is_better, double value,
               double best) {
  const double margin = p.threshold_mode == "rel" ? best * p.threshold : p.threshold;
  return higher_is_better ? value > best + margin : value < best - margin;
}

trend::Rule trend_of(const catalog::schedules::PlateauParams& p) {
  return {p.trend == "stalled" ? trend::Kind::Stalled : trend::Kind::Converged,
          static_cast<std::size_t>(p.window), p.tolerance};
}

}  // namespace

PlateauState observe(const catalog::schedules::PlateauParams& params, bool higher_is_better,
                     double base_lr, PlateauState state, double value) {
  const bool better = std::isfinite(value) &&
                      (!state.best || is_better(params, higher_is_better, value, *state.best));
  if (better) state.best = value;
  state.num_bad = better ? 0 : state.num_bad + 1;
  if (state.cooldown > 0) {
    --state.cooldown;
    state.num_bad = 0;
    return state;
  }
  const bool falls = params.trend.empty() ? state.num_bad > params.patience
                                          : trend::holds(trend_of(params), state.seen, value);
  if (!falls) return state;
  state.cooldown = params.cooldown;
  state.num_bad = 0;
  state.seen.clear();
  const double former = base_lr * state.scale,
               lower = std::max(former * params.factor, params.min_lr);
  if (former - lower > params.eps) state.scale = lower / base_lr;
  return state;
}

}  // namespace fdl::optim
