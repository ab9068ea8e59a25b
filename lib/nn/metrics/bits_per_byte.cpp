#include "lib/catalog/metrics/bits_per_byte.h"

#include <cmath>
#include <numbers>

#include "lib/nn/declarations.h"
#include "lib/nn/likelihood.h"

namespace fdl::nn {

Metric metric_bits_per_byte(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto& p = choice.as<catalog::BitsPerByteParams>();
  return likelihood_metric(p, types, [bytes = p.bytes_per_target](double mean) {
    return mean / std::numbers::ln2 / bytes;
  });
}

}  // namespace fdl::nn
