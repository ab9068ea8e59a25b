#include "lib/catalog/optimizers/adamax.h"

#include "lib/optim/declarations.h"
#include "lib/optim/elementwise.h"

namespace fdl::optim {

std::unique_ptr<Optimizer> optimizer_adamax(const catalog::Choice& choice,
                                            const std::vector<tensor::NamedTensor>& parameters) {
  const auto& p = choice.as<catalog::AdamaxParams>();
  const cuda::updates::Adamax rule = {
      .momentum = p.betas[0], .beta2 = p.betas[1], .eps = p.eps, .weight_decay = p.weight_decay};
  return make_elementwise(rule, p, {.slots = {{"exp_avg"}, {"exp_inf"}}}, parameters);
}

}  // namespace fdl::optim
