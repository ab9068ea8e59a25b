#pragma once

#include "lib/cuda/update_rule.h"

namespace fdl::cuda::updates {

struct Lion {
  static constexpr int kSlots = 1, kNumbers = 0;

  double momentum, beta2, weight_decay;

  struct Update {
    float lr, kept, step_share, share;

    FDL_HOST_DEVICE void operator()(float& p, float g, float& mean) const {
      const float way = towards(mean, g, step_share);
      p = p * kept - lr * sign(way);
      mean = towards(mean, g, share);
    }
  };

  FDL_HOST_DEVICE Update prepare(double lr, double /*step*/, float* const* /*numbers*/) const {
    return {static_cast<float>(lr), static_cast<float>(1 - lr * weight_decay),
            static_cast<float>(1 - momentum), static_cast<float>(1 - beta2)};
  }
};

}  // namespace fdl::cuda::updates
