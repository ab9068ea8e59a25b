#include "lib/catalog/losses/margin_ranking.h"

#include <ATen/ops/margin_ranking_loss.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

Loss loss_margin_ranking(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::MarginRankingParams>();
  return [p, mode = reduction_of(p.reduction)](const Compared& t) {
    const auto dtype = t[0].scalar_type();
    return over(at::margin_ranking_loss(t[0], t[2].to(dtype), t[1].to(dtype), p.margin, mode),
                t[0].numel(), mode);
  };
}

}  // namespace fdl::nn
