#include "lib/catalog/losses/triplet_margin.h"

#include <ATen/ops/triplet_margin_loss.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

Loss loss_triplet_margin(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::TripletMarginParams>();
  return [p, mode = reduction_of(p.reduction)](const Compared& t) {
    const auto dtype = t[0].scalar_type();
    return over(at::triplet_margin_loss(t[0], t[1].to(dtype), t[2].to(dtype), p.margin, p.p, p.eps,
                                        p.swap, mode),
                t[0].size(0), mode);
  };
}

}  // namespace fdl::nn
