#include "lib/catalog/modules/roll.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor roll(const catalog::RollParams& p, const Tensors&, const at::Tensor& x, StepContext&) {
  return x.roll(p.shifts.dims, p.dims.dims);
}

}  // namespace

Forward forward_roll() { return forward_of(roll); }

}  // namespace fdl::nn
