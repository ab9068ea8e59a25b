#include "lib/catalog/modules/top_k.h"

#include <ATen/ops/topk.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

Outputs top_k(const catalog::modules::TopKParams& p, const Tensors&,
              const std::vector<at::Tensor>& inputs, StepContext&) {
  auto [values, indices] = at::topk(inputs.front(), p.k, p.dim, p.largest, p.sorted);
  return {values, indices};
}

}  // namespace

Forward forward_top_k() { return forward_of(top_k); }

}  // namespace fdl::nn
