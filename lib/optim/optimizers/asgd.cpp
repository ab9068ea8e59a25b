#include "lib/catalog/optimizers/asgd.h"

#include "lib/optim/declarations.h"
#include "lib/optim/elementwise.h"

namespace fdl::optim {

std::unique_ptr<Optimizer> optimizer_asgd(const catalog::Choice& choice,
                                          const std::vector<tensor::NamedTensor>& parameters) {
  const auto& p = choice.as<catalog::AsgdParams>();
  const cuda::updates::Asgd rule = {
      .lambd = p.lambd, .alpha = p.alpha, .t0 = p.t0, .weight_decay = p.weight_decay};
  return make_elementwise(rule, p, {.slots = {{"ax"}}, .numbers = {{"eta", p.lr}, {"mu", 1}}},
                          parameters);
}

}  // namespace fdl::optim
