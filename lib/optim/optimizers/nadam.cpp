#include "lib/catalog/optimizers/nadam.h"

#include "lib/optim/declarations.h"
#include "lib/optim/elementwise.h"

namespace fdl::optim {

std::unique_ptr<Optimizer> optimizer_nadam(const catalog::Choice& choice,
                                           const std::vector<tensor::NamedTensor>& parameters) {
  const auto& p = choice.as<catalog::NAdamParams>();
  const cuda::updates::NAdam rule = {.momentum = p.betas[0],
                                     .beta2 = p.betas[1],
                                     .eps = p.eps,
                                     .weight_decay = p.weight_decay,
                                     .momentum_decay = p.momentum_decay,
                                     .is_decoupled = p.decoupled_weight_decay};
  return make_elementwise(rule, p,
                          {.slots = {{"exp_avg"}, {"exp_avg_sq"}}, .numbers = {{"mu_product", 1}}},
                          parameters);
}

}  // namespace fdl::optim
