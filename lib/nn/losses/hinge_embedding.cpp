#include "lib/catalog/losses/hinge_embedding.h"

#include <ATen/ops/hinge_embedding_loss.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

Loss loss_hinge_embedding(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::HingeEmbeddingParams>();
  return elementwise(p.reduction, [p](const at::Tensor& x, const at::Tensor& t, std::int64_t mode) {
    return at::hinge_embedding_loss(x, t, p.margin, mode);
  });
}

}  // namespace fdl::nn
