#include "lib/catalog/modules/avg_pool2d.h"

#include <ATen/ops/avg_pool2d.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor avg_pool2d(const catalog::AvgPool2dParams& p, const Tensors&, const at::Tensor& x,
                      StepContext&) {
  return at::avg_pool2d(x, p.kernel_size, p.stride.value_or(p.kernel_size), p.padding, p.ceil_mode,
                        p.count_include_pad, p.divisor_override);
}

}  // namespace

Forward forward_avg_pool2d() { return forward_of(avg_pool2d); }

}  // namespace fdl::nn
