#include "lib/catalog/metrics/r2.h"

#include "lib/nn/declarations.h"
#include "lib/nn/value_pairs.h"

namespace fdl::nn {

Metric metric_r2(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  return moments_metric(types, explained(choice.as<catalog::R2Params>().multioutput, false));
}

}  // namespace fdl::nn
