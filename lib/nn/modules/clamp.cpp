#include "lib/catalog/modules/clamp.h"

#include <ATen/ops/clamp.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor clamp(const catalog::ClampParams& p, const Tensors&, const at::Tensor& x, StepContext&) {
  const auto bound = [](const std::optional<double>& value) {
    return value ? std::optional<at::Scalar>(*value) : std::nullopt;
  };
  return at::clamp(x, bound(p.min), bound(p.max));
}

}  // namespace

Forward forward_clamp() { return forward_of(clamp); }

}  // namespace fdl::nn
