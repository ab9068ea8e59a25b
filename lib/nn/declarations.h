#pragma once

#include "lib/nn/forward.h"
#include "lib/nn/loss.h"
#include "lib/nn/metric.h"

// The functions that this folder's files define, one for each line of the catalogue's lists.
namespace fdl::nn {

#define FDL_MODULE(name) Forward forward_##name();
#include "lib/catalog/modules.inc"
#undef FDL_MODULE

#define FDL_PARAMETRIZATION(name) \
  at::Tensor parametrized_##name(const void* params, const Tensors& originals, bool training);
#include "lib/catalog/parametrizations.inc"
#undef FDL_PARAMETRIZATION

#define FDL_LOSS(name) \
  Loss loss_##name(const catalog::Choice& choice, const catalog::TensorTypes& types);
#include "lib/catalog/losses.inc"
#undef FDL_LOSS

#define FDL_METRIC(name) \
  Metric metric_##name(const catalog::Choice& choice, const catalog::TensorTypes& types);
#include "lib/catalog/metrics.inc"
#undef FDL_METRIC

}  // namespace fdl::nn
