#include "lib/catalog/optimizers/rprop.h"

#include "lib/optim/declarations.h"
#include "lib/optim/elementwise.h"

namespace fdl::optim {

std::unique_ptr<Optimizer> optimizer_rprop(const catalog::Choice& choice,
                                           const std::vector<tensor::NamedTensor>& parameters) {
  const auto& p = choice.as<catalog::RpropParams>();
  const cuda::updates::Rprop rule = {
      .shorter = p.etas[0], .longer = p.etas[1], .least = p.step_sizes[0], .most = p.step_sizes[1]};
  return make_elementwise(rule, p, {.slots = {{"prev"}, {"step_size", p.lr}}}, parameters);
}

}  // namespace fdl::optim
