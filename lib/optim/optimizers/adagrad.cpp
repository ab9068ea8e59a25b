#include "lib/catalog/optimizers/adagrad.h"

#include "lib/optim/declarations.h"
#include "lib/optim/elementwise.h"

namespace fdl::optim {

std::unique_ptr<Optimizer> optimizer_adagrad(const catalog::Choice& choice,
                                             const std::vector<tensor::NamedTensor>& parameters) {
  const auto& p = choice.as<catalog::AdagradParams>();
  const cuda::updates::Adagrad rule = {
      .lr_decay = p.lr_decay, .eps = p.eps, .weight_decay = p.weight_decay};
  return make_elementwise(rule, p, {.slots = {{"sum", p.initial_accumulator_value}}}, parameters);
}

}  // namespace fdl::optim
