#include "lib/catalog/losses/info_nce.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/linalg_vector_norm.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {
namespace {

// A row of zeros stays one, and gets no gradient through its length.
at::Tensor of_length_one(const at::Tensor& rows) {
  constexpr double kLeast = 1e-8;
  return rows.div(at::linalg_vector_norm(rows, 2, 1, /*keepdim=*/true).clamp_min(kLeast));
}

}  // namespace

// output and positive [B, D]: row i of one belongs to row i of the other.
Loss loss_info_nce(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::InfoNceParams>();
  return [p, mode = reduction_of(p.reduction)](const Compared& t) {
    const at::Tensor own = at::arange(t[0].size(0), t[0].options().dtype(at::kLong));
    const at::Tensor scores = of_length_one(t[0])
                                  .matmul(of_length_one(t[1].to(t[0].scalar_type())).t())
                                  .div(p.temperature);
    at::Tensor value = at::cross_entropy_loss(scores, own, {}, mode);
    if (p.symmetric) value = value.add(at::cross_entropy_loss(scores.t(), own, {}, mode)).div(2);
    return over(value, t[0].size(0), mode);
  };
}

}  // namespace fdl::nn
