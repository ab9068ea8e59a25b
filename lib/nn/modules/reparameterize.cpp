#include "lib/catalog/modules/reparameterize.h"

#include <ATen/ops/exp.h>

#include "lib/nn/declarations.h"
#include "lib/nn/noise.h"

namespace fdl::nn {
namespace {

at::Tensor reparameterize(const catalog::ReparameterizeParams&, const Tensors&,
                          const std::vector<at::Tensor>& inputs, StepContext& context) {
  const at::Tensor& mean = inputs[0];
  if (!context.training) return mean;
  const at::Tensor noise = normal_noise(mean, tensor::Purpose::Dropout, context);
  return mean.add(at::exp(inputs[1].mul(0.5)).mul(noise));
}

}  // namespace

Forward forward_reparameterize() { return forward_of(reparameterize); }

}  // namespace fdl::nn
