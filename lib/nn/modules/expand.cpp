#include "lib/catalog/modules/expand.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor expand(const catalog::ExpandParams& p, const Tensors&, const at::Tensor& x,
                  StepContext&) {
  std::vector<std::int64_t> sizes = {-1};
  sizes.insert(sizes.end(), p.sizes.begin(), p.sizes.end());
  return x.expand(sizes);
}

}  // namespace

Forward forward_expand() { return forward_of(expand); }

}  // namespace fdl::nn
