#include "lib/catalog/modules/embedding.h"

#include <ATen/ops/embedding.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

// x [*] of integers below num_embeddings -> [*, embedding_dim]. The padding row gets no gradient.
at::Tensor embedding(const catalog::EmbeddingParams& p, const Tensors& own, const at::Tensor& x,
                     StepContext&) {
  const bool is_index = x.scalar_type() == at::kLong || x.scalar_type() == at::kInt;
  return at::embedding(own["weight"], is_index ? x : x.to(at::kLong), catalog::padding_row(p));
}

}  // namespace

Forward forward_embedding() { return forward_of(embedding); }

}  // namespace fdl::nn
