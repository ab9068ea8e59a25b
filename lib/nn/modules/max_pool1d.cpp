#include "lib/catalog/modules/max_pool1d.h"

#include <ATen/ops/max_pool1d.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor max_pool1d(const catalog::MaxPool1dParams& p, const Tensors&, const at::Tensor& x,
                      StepContext&) {
  return at::max_pool1d(x, p.kernel_size, p.stride.value_or(p.kernel_size), p.padding, p.dilation,
                        p.ceil_mode);
}

}  // namespace

Forward forward_max_pool1d() { return forward_of(max_pool1d); }

}  // namespace fdl::nn
