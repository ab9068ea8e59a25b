#include "lib/catalog/optimizers/adam.h"

#include <ATen/ops/_fused_adam.h>

#include "lib/optim/adam_update.h"
#include "lib/optim/declarations.h"

namespace fdl::optim {

std::unique_ptr<Optimizer> optimizer_adam(const catalog::Choice& choice,
                                          const std::vector<tensor::NamedTensor>& parameters) {
  using P = catalog::AdamParams;
  constexpr FusedAdam kUpdate = at::_fused_adam_;
  constexpr RecordedAdam kRecorded = at::_fused_adam_;
  return std::make_unique<AdamUpdate<P, kUpdate, kRecorded, false>>(choice.as<P>(), parameters);
}

}  // namespace fdl::optim
