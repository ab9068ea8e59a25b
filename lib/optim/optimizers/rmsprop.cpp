#include "lib/catalog/optimizers/rmsprop.h"

#include "lib/optim/declarations.h"
#include "lib/optim/elementwise.h"

namespace fdl::optim {
namespace {

template <bool kMomentum, bool kCentered>
std::unique_ptr<Optimizer> make(const catalog::RmsPropParams& p,
                                const std::vector<tensor::NamedTensor>& parameters) {
  const cuda::updates::RmsProp<kMomentum, kCentered> rule = {
      .momentum = p.momentum, .alpha = p.alpha, .eps = p.eps, .weight_decay = p.weight_decay};
  StateNames names = {.slots = {{"square_avg"}}};
  if (kMomentum) names.slots.push_back({"momentum_buffer"});
  if (kCentered) names.slots.push_back({"grad_avg"});
  return make_elementwise(rule, p, names, parameters);
}

}  // namespace

std::unique_ptr<Optimizer> optimizer_rmsprop(const catalog::Choice& choice,
                                             const std::vector<tensor::NamedTensor>& parameters) {
  const auto& p = choice.as<catalog::RmsPropParams>();
  if (p.momentum > 0)
    return p.centered ? make<true, true>(p, parameters) : make<true, false>(p, parameters);
  return p.centered ? make<false, true>(p, parameters) : make<false, false>(p, parameters);
}

}  // namespace fdl::optim
