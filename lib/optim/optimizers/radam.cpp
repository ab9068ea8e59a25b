#include "lib/catalog/optimizers/radam.h"

#include "lib/optim/declarations.h"
#include "lib/optim/elementwise.h"

namespace fdl::optim {

std::unique_ptr<Optimizer> optimizer_radam(const catalog::Choice& choice,
                                           const std::vector<tensor::NamedTensor>& parameters) {
  const auto& p = choice.as<catalog::RAdamParams>();
  const cuda::updates::RAdam rule = {.momentum = p.betas[0],
                                     .beta2 = p.betas[1],
                                     .eps = p.eps,
                                     .weight_decay = p.weight_decay,
                                     .is_decoupled = p.decoupled_weight_decay};
  return make_elementwise(rule, p, {.slots = {{"exp_avg"}, {"exp_avg_sq"}}}, parameters);
}

}  // namespace fdl::optim
