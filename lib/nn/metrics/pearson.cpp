#include "lib/catalog/metrics/pearson.h"

#include "lib/nn/declarations.h"
#include "lib/nn/value_pairs.h"

namespace fdl::nn {

Metric metric_pearson(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  (void)choice;
  return moments_metric(types, [](const std::vector<Moments>& columns) {
    std::vector<double> values;
    for (const Moments& m : columns) values.push_back(m.correlation());
    return plain_mean(values);
  });
}

}  // namespace fdl::nn
