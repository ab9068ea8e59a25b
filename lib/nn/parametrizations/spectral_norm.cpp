#include "lib/catalog/parametrizations/spectral_norm.h"

#include <ATen/core/grad_mode.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor unit(const at::Tensor& x, double eps) { return x.div(x.norm().clamp_min(eps)); }

}  // namespace

at::Tensor parametrized_spectral_norm(const void* params, const Tensors& originals, bool training) {
  const auto& p = *static_cast<const catalog::SpectralNormParams*>(params);
  const at::Tensor &original = originals["original"], &left = originals["0._u"],
                   &right = originals["0._v"];
  if (!left.defined()) return unit(original, p.eps);
  const at::Tensor matrix = original.movedim(*p.dim, 0).flatten(1);
  if (training) {
    const at::NoGradGuard no_grad;
    for (std::int64_t i = 0; i < p.n_power_iterations; ++i) {
      left.copy_(unit(matrix.mv(right), p.eps));
      right.copy_(unit(matrix.t().mv(left), p.eps));
    }
  }
  // Copies, as the next call changes both before this one's gradients are asked for.
  return original.div(left.clone().dot(matrix.mv(right.clone())));
}

}  // namespace fdl::nn
