#pragma once

#include "lib/cuda/update_rule.h"

namespace fdl::cuda::updates {

struct Adamax {
  static constexpr int kSlots = 2, kNumbers = 0;

  double momentum, beta2, eps, weight_decay;

  struct Update {
    float size, share, beta2, eps, decay;

    FDL_HOST_DEVICE void operator()(float& p, float g, float& mean, float& largest) const {
      g += decay * p;
      mean = towards(mean, g, share);
      const float kept = largest * beta2, own = std::abs(g) + eps;
      largest = kept < own ? own : kept;
      p -= size * mean / largest;
    }
  };

  FDL_HOST_DEVICE Update prepare(double lr, double step, float* const* /*numbers*/) const {
    return {static_cast<float>(lr / (1 - std::pow(momentum, step))),
            static_cast<float>(1 - momentum), static_cast<float>(beta2), static_cast<float>(eps),
            static_cast<float>(weight_decay)};
  }
};

}  // namespace fdl::cuda::updates
