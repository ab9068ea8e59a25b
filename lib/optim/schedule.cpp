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

Schedule make_one(const catalog::Choice& choice, const Stretch& stretch) {
  for (const Row& row : kSchedules) {
    if (row.name == choice.name()) return row.make(choice, stretch);
  }
  FDL_CHECK(!"a schedule that the catalogue does not have");
  return {};
}

// How many steps a schedule takes: a warm-up as many as it says, others all that remain.
std::int64_t length(const catalog::Choice& choice, std::int64_t total_steps,
                    std::int64_t remaining) {
  if (choice.name() != "warmup") return remaining;
  const auto& p = choice.as<catalog::WarmupParams>();
  const auto share = std::llround(p.fraction * static_cast<double>(total_steps));
  return p.steps > 0 ? p.steps : static_cast<std::int64_t>(share);
}

}  // namespace

Schedule make_schedule(const std::vector<catalog::Choice>& chain, double base_lr,
                       std::int64_t total_steps) {
  std::vector<std::int64_t> lengths;
  std::int64_t remaining = total_steps;
  for (const catalog::Choice& choice : chain) {
    lengths.push_back(length(choice, total_steps, remaining));
    remaining = std::max<std::int64_t>(0, remaining - lengths.back());
  }
  Schedule next = [base_lr](std::int64_t) { return Rates{base_lr, {}}; };
  for (std::size_t i = chain.size(); i-- > 0;)
    next = make_one(chain[i], {base_lr, lengths[i], next});
  return next;
}

}  // namespace fdl::optim
