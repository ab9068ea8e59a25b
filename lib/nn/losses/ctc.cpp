#include "lib/catalog/losses/ctc.h"

#include <ATen/ops/ctc_loss.h>
#include <ATen/ops/full.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {
namespace {

// As given, or the whole of axis 1 for each sample.
at::Tensor lengths_of(const at::Tensor& given, const at::Tensor& padded) {
  if (given.defined()) return given.to(at::kLong);
  return at::full({padded.size(0)}, padded.size(1), at::kLong);
}

}  // namespace

// output [B, T, C]: logarithms of probabilities; target [B, S].
Loss loss_ctc(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::CtcParams>();
  return [p, mode = reduction_of(p.reduction)](const Compared& t) {
    const at::Tensor value =
        at::ctc_loss(t[0].transpose(0, 1), t[1].to(at::kLong), lengths_of(t[2], t[0]),
                     lengths_of(t[3], t[1]), p.blank, mode, p.zero_infinity);
    return over(value, t[0].size(0), mode);
  };
}

}  // namespace fdl::nn
