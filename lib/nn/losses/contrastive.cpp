#include "lib/catalog/losses/contrastive.h"

#include <ATen/ops/pairwise_distance.h>
#include <ATen/ops/where.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

Loss loss_contrastive(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::ContrastiveParams>();
  return [p, mode = reduction_of(p.reduction)](const Compared& t) {
    const at::Tensor distance =
        at::pairwise_distance(t[0], t[2].to(t[0].scalar_type()), /*p=*/2, p.eps);
    const at::Tensor lack = distance.neg().add(p.margin).clamp_min(0);
    return reduced(at::where(t[1].ne(0), distance, lack).square().mul(0.5), mode);
  };
}

}  // namespace fdl::nn
