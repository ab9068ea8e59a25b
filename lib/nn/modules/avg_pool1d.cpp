#include "lib/catalog/modules/avg_pool1d.h"

#include <ATen/ops/avg_pool1d.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor avg_pool1d(const catalog::AvgPool1dParams& p, const Tensors&, const at::Tensor& x,
                      StepContext&) {
  return at::avg_pool1d(x, p.kernel_size, p.stride.value_or(p.kernel_size), p.padding, p.ceil_mode,
                        p.count_include_pad);
}

}  // namespace

Forward forward_avg_pool1d() { return forward_of(avg_pool1d); }

}  // namespace fdl::nn
