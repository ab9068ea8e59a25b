#pragma once

#include "lib/cuda/update_rule.h"

namespace fdl::cuda::updates {

struct NAdam {
  static constexpr int kSlots = 2, kNumbers = 1;

  double momentum, beta2, eps, weight_decay, momentum_decay;
  bool is_decoupled;  // the pull towards zero

  struct Update {
    float mean_share, square_kept, square_share, correction, eps, kept, decay, size, next_size;

    FDL_HOST_DEVICE void operator()(float& p, float g, float& mean, float& square) const {
      p *= kept;
      g += decay * p;
      mean = towards(mean, g, mean_share);
      square = square * square_kept + square_share * g * g;
      const float root = std::sqrt(square / correction) + eps;
      p -= size * g / root;
      p -= next_size * mean / root;
    }
  };

  FDL_HOST_DEVICE double momentum_at(double step) const {
    return momentum * (1 - 0.5 * std::pow(0.96, step * momentum_decay));
  }

  FDL_HOST_DEVICE Update prepare(double lr, double step, float* const* numbers) const {
    const double now = momentum_at(step), next = momentum_at(step + 1);
    float& product = *numbers[0];
    product *= static_cast<float>(now);
    return {static_cast<float>(1 - momentum),
            static_cast<float>(beta2),
            static_cast<float>(1 - beta2),
            static_cast<float>(1 - std::pow(beta2, step)),
            static_cast<float>(eps),
            static_cast<float>(is_decoupled ? 1 - lr * weight_decay : 1),
            static_cast<float>(is_decoupled ? 0 : weight_decay),
            static_cast<float>(lr * (1 - now) / (1 - product)),
            static_cast<float>(lr * next / (1 - product * next))};
  }
};

}  // namespace fdl::cuda::updates
