#pragma once

#include "lib/cuda/update_rule.h"

namespace fdl::cuda::updates {

struct RAdam {
  static constexpr int kSlots = 2, kNumbers = 0;

  double momentum, beta2, eps, weight_decay;
  bool is_decoupled;  // the pull towards zero

  struct Update {
    float mean_share, square_kept, square_share, eps, kept, decay, size, scale;
    bool is_certain;  // enough steps for the mean square to mean something

    FDL_HOST_DEVICE void operator()(float& p, float g, float& mean, float& square) const {
      p *= kept;
      g += decay * p;
      mean = towards(mean, g, mean_share);
      square = square * square_kept + square_share * g * g;
      p -= mean * size * (is_certain ? scale / (std::sqrt(square) + eps) : 1);
    }
  };

  FDL_HOST_DEVICE Update prepare(double lr, double step, float* const* /*numbers*/) const {
    const double left = std::pow(beta2, step), correction = 1 - left;
    const double length = 2 / (1 - beta2) - 1, now = length - 2 * step * left / correction;
    const bool is_certain = now > 5;
    const double rectified =
        std::sqrt((now - 4) * (now - 2) * length / ((length - 4) * (length - 2) * now));
    return {static_cast<float>(1 - momentum),
            static_cast<float>(beta2),
            static_cast<float>(1 - beta2),
            static_cast<float>(eps),
            static_cast<float>(is_decoupled ? 1 - lr * weight_decay : 1),
            static_cast<float>(is_decoupled ? 0 : weight_decay),
            static_cast<float>(lr / (1 - std::pow(momentum, step))),
            static_cast<float>(is_certain ? rectified * std::sqrt(correction) : 1),
            is_certain};
  }
};

}  // namespace fdl::cuda::updates
