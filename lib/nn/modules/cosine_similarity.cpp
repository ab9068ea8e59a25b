#include "lib/catalog/modules/cosine_similarity.h"

#include <ATen/ops/cosine_similarity.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor cosine_similarity(const catalog::CosineSimilarityParams& p, const Tensors&,
                             const std::vector<at::Tensor>& inputs, StepContext&) {
  return at::cosine_similarity(inputs[0], inputs[1], p.dim, p.eps);
}

}  // namespace

Forward forward_cosine_similarity() { return forward_of(cosine_similarity); }

}  // namespace fdl::nn
