#include "lib/catalog/optimizers/lion.h"

#include "lib/optim/declarations.h"
#include "lib/optim/elementwise.h"

namespace fdl::optim {

std::unique_ptr<Optimizer> optimizer_lion(const catalog::Choice& choice,
                                          const std::vector<tensor::NamedTensor>& parameters) {
  const auto& p = choice.as<catalog::LionParams>();
  const cuda::updates::Lion rule = {
      .momentum = p.betas[0], .beta2 = p.betas[1], .weight_decay = p.weight_decay};
  return make_elementwise(rule, p, {.slots = {{"exp_avg"}}}, parameters);
}

}  // namespace fdl::optim
