#include "lib/catalog/schedules/plateau.h"

#include "lib/optim/declarations.h"

namespace fdl::optim {

// Constant by itself: a Plateau lowers what it gives.
Schedule schedule_plateau(const catalog::Choice&, const Stretch& stretch) {
  return [lr = stretch.base_lr](std::int64_t) { return Rates{lr, {}}; };
}

}  // namespace fdl::optim
