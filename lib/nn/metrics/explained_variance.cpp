#include "lib/catalog/metrics/explained_variance.h"

#include "lib/nn/declarations.h"
#include "lib/nn/value_pairs.h"

namespace fdl::nn {

Metric metric_explained_variance(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  return moments_metric(types,
                        explained(choice.as<catalog::ExplainedVarianceParams>().multioutput, true));
}

}  // namespace fdl::nn
