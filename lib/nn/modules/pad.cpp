#include "lib/catalog/modules/pad.h"

#include <ATen/ops/pad.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor pad(const catalog::PadParams& p, const Tensors&, const at::Tensor& x, StepContext&) {
  const auto fill = p.mode == "constant" ? std::optional<double>(p.value) : std::nullopt;
  return at::pad(x, p.pads, p.mode, fill);
}

}  // namespace

Forward forward_pad() { return forward_of(pad); }

}  // namespace fdl::nn
