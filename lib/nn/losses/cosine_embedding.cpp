#include "lib/catalog/losses/cosine_embedding.h"

#include <ATen/ops/cosine_embedding_loss.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

Loss loss_cosine_embedding(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::CosineEmbeddingParams>();
  return [p, mode = reduction_of(p.reduction)](const Compared& t) {
    const at::Tensor other = t[2].to(t[0].scalar_type());
    return over(at::cosine_embedding_loss(t[0], other, t[1].to(t[0].scalar_type()), p.margin, mode),
                t[0].size(0), mode);
  };
}

}  // namespace fdl::nn
