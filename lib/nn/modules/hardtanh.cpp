#include "lib/catalog/modules/hardtanh.h"

#include <ATen/ops/hardtanh.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor hardtanh(const catalog::HardtanhParams& p, const Tensors&, const at::Tensor& x,
                    StepContext&) {
  return at::hardtanh(x, p.min_val, p.max_val);
}

}  // namespace

Forward forward_hardtanh() { return forward_of(hardtanh); }

}  // namespace fdl::nn
