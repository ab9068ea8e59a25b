#include "lib/catalog/modules/squeeze.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor squeeze(const catalog::SqueezeParams& p, const Tensors&, const at::Tensor& x,
                   StepContext&) {
  return p.found.empty() ? x : x.squeeze(p.found);
}

}  // namespace

Forward forward_squeeze() { return forward_of(squeeze); }

}  // namespace fdl::nn
