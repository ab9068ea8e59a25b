#include "lib/catalog/modules/grid_sample.h"

#include <ATen/ops/grid_sampler.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor grid_sample(const catalog::GridSampleParams& p, const Tensors&,
                       const std::vector<at::Tensor>& inputs, StepContext&) {
  // libtorch's numbers of the modes, which are in the order of the catalogue's choices.
  const std::int64_t mode = p.mode == "bilinear" ? 0 : p.mode == "nearest" ? 1 : 2;
  const std::int64_t padding = p.padding_mode == "zeros" ? 0 : p.padding_mode == "border" ? 1 : 2;
  return at::grid_sampler(inputs[0], inputs[1], mode, padding, p.align_corners);
}

}  // namespace

Forward forward_grid_sample() { return forward_of(grid_sample); }

}  // namespace fdl::nn
