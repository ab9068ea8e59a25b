#pragma once

#include "lib/cuda/update_rule.h"

namespace fdl::cuda::updates {

struct Adagrad {
  static constexpr int kSlots = 1, kNumbers = 0;

  double lr_decay, eps, weight_decay;

  struct Update {
    float size, eps, decay;

    FDL_HOST_DEVICE void operator()(float& p, float g, float& sum) const {
      g += decay * p;
      sum += g * g;
      p -= size * g / (std::sqrt(sum) + eps);
    }
  };

  FDL_HOST_DEVICE Update prepare(double lr, double step, float* const* /*numbers*/) const {
    return {static_cast<float>(lr / (1 + (step - 1) * lr_decay)), static_cast<float>(eps),
            static_cast<float>(weight_decay)};
  }
};

}  // namespace fdl::cuda::updates
