#include "lib/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "lib/base/check.h"
#include "lib/catalog/schedules/warmup.h"
#include "lib/optim/declarations.h"

namespace fdl::optim {
namespace {

struct Row {
  std::string_view name;
  Schedule (*make)(const catalog::Choice& choice, const Stretch& stretch);
};

constexpr Row kSchedules[] = {
#define FDL_SCHEDULE(name) {#name, schedule_##name},
#include "lib/catalog/schedules.inc"
#undef FDL_SCHEDULE
};

Schedule make_by_step(const catalog::Choice& choice, const Stretch& stretch) {
  for (const Row& row : kSchedules) {
    if (row.name == choice.name()) return row.make(choice, stretch);
  }
  FDL_CHECK(!"a schedule that the catalogue does not have");
  return {};
}

// One that counts epochs knows nothing of it: its steps are epochs.
Schedule make_one(const catalog::Choice& choice, Stretch stretch, std::int64_t steps_per_epoch) {
  const auto& counts_epochs = choice.spec->counts_epochs;
  if (!counts_epochs || !counts_epochs(choice.params.get())) return make_by_step(choice, stretch);
  stretch.num_steps = (stretch.num_steps + steps_per_epoch - 1) / steps_per_epoch;
  stretch.num_before /= steps_per_epoch;
  return [steps_per_epoch, by_epoch = make_by_step(choice, stretch)](std::int64_t step) {
    return by_epoch(step / steps_per_epoch);
  };
}

// How many steps a schedule takes: a warm-up as many as it says, others all that remain.
std::int64_t length(const catalog::Choice& choice, std::int64_t total_steps,
                    std::int64_t remaining) {
  if (choice.name() != "warmup") return remaining;
  const auto& p = choice.as<catalog::schedules::WarmupParams>();
  const auto share = std::llround(p.fraction * static_cast<double>(total_steps));
  return p.steps > 0 ? p.steps : static_cast<std::int64_t>(share);
}

}  // namespace

Schedule make_schedule(const std::vector<catalog::Choice>& chain, double base_lr,
                       std::int64_t total_steps, std::int64_t steps_per_epoch) {
  std::vector<std::int64_t> lengths, starts;
  std::int64_t remaining = total_steps;
  for (const catalog::Choice& choice : chain) {
    starts.push_back(total_steps - remaining);
    lengths.push_back(length(choice, total_steps, remaining));
    remaining = std::max<std::int64_t>(0, remaining - lengths.back());
  }
  Schedule next = [base_lr](std::int64_t) { return Rates{base_lr, {}}; };
  for (std::size_t i = chain.size(); i-- > 0;)
    next = make_one(chain[i], {base_lr, lengths[i], starts[i], next}, steps_per_epoch);
  return next;
}

}  // namespace fdl::optim
