#include "lib/catalog/schedules/constant.h"

#include "lib/optim/declarations.h"

namespace fdl::optim {

Schedule schedule_constant(const catalog::Choice& choice, const Stretch& stretch) {
  const double lr = stretch.base_lr * choice.as<catalog::schedules::ConstantParams>().factor;
  return [lr](std::int64_t) { return Rates{lr, {}}; };
}

}  // namespace fdl::optim
