#include "lib/catalog/modules/reshape.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor reshape(const catalog::ReshapeParams& p, const Tensors&, const at::Tensor& x,
                   StepContext&) {
  std::vector<std::int64_t> sizes = {x.size(0)};
  sizes.insert(sizes.end(), p.shape.begin(), p.shape.end());
  return x.reshape(sizes);
}

}  // namespace

Forward forward_reshape() { return forward_of(reshape); }

}  // namespace fdl::nn
