#pragma once

#include "lib/cuda/update_rule.h"

namespace fdl::cuda::updates {

struct Adadelta {
  static constexpr int kSlots = 2, kNumbers = 0;

  double rho, eps, weight_decay;

  struct Update {
    float rho, share, eps, decay, lr;

    FDL_HOST_DEVICE void operator()(float& p, float g, float& square, float& steps) const {
      g += decay * p;
      square = square * rho + share * g * g;
      const float step = std::sqrt(steps + eps) / std::sqrt(square + eps) * g;
      steps = steps * rho + share * step * step;
      p -= lr * step;
    }
  };

  FDL_HOST_DEVICE Update prepare(double lr, double /*step*/, float* const* /*numbers*/) const {
    return {static_cast<float>(rho), static_cast<float>(1 - rho), static_cast<float>(eps),
            static_cast<float>(weight_decay), static_cast<float>(lr)};
  }
};

}  // namespace fdl::cuda::updates
