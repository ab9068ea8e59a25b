#include "lib/catalog/optimizers/adamw.h"

#include <ATen/ops/_fused_adamw.h>

#include "lib/optim/adam_update.h"
#include "lib/optim/declarations.h"

namespace fdl::optim {

std::unique_ptr<Optimizer> optimizer_adamw(const catalog::Choice& choice,
                                           const std::vector<tensor::NamedTensor>& parameters) {
  using P = catalog::AdamWParams;
  constexpr FusedAdam kUpdate = at::_fused_adamw_;
  constexpr RecordedAdam kRecorded = at::_fused_adamw_;
  return std::make_unique<AdamUpdate<P, kUpdate, kRecorded, true>>(choice.as<P>(), parameters);
}

}  // namespace fdl::optim
