#include "lib/catalog/metrics/perplexity.h"

#include <cmath>

#include "lib/nn/declarations.h"
#include "lib/nn/likelihood.h"

namespace fdl::nn {

Metric metric_perplexity(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto& p = choice.as<catalog::PerplexityParams>();
  return likelihood_metric(p, types, [](double mean) { return std::exp(mean); });
}

}  // namespace fdl::nn
