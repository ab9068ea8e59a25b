#include "lib/catalog/optimizers/adadelta.h"

#include "lib/optim/declarations.h"
#include "lib/optim/elementwise.h"

namespace fdl::optim {

std::unique_ptr<Optimizer> optimizer_adadelta(const catalog::Choice& choice,
                                              const std::vector<tensor::NamedTensor>& parameters) {
  const auto& p = choice.as<catalog::AdadeltaParams>();
  const cuda::updates::Adadelta rule = {.rho = p.rho, .eps = p.eps, .weight_decay = p.weight_decay};
  return make_elementwise(rule, p, {.slots = {{"square_avg"}, {"acc_delta"}}}, parameters);
}

}  // namespace fdl::optim
