#pragma once

#include "lib/cuda/update_rule.h"

namespace fdl::cuda::updates {

struct Asgd {
  static constexpr int kSlots = 1, kNumbers = 2;

  double lambd, alpha, t0, weight_decay;

  struct Update {
    float size, share, kept, decay;

    FDL_HOST_DEVICE void operator()(float& p, float g, float& mean) const {
      g += decay * p;
      p = p * kept - size * g;
      mean = share == 1 ? p : mean + (p - mean) * share;
    }
  };

  // An update takes the numbers that the one before it has left.
  FDL_HOST_DEVICE Update prepare(double lr, double step, float* const* numbers) const {
    float &eta = *numbers[0], &mu = *numbers[1];
    if (step == 1) eta = static_cast<float>(lr);
    const Update out = {eta, mu, static_cast<float>(1 - lambd * static_cast<double>(eta)),
                        static_cast<float>(weight_decay)};
    eta = static_cast<float>(lr / std::pow(1 + lambd * lr * step, alpha));
    const double num_averaged = step - t0;
    mu = static_cast<float>(1 / (num_averaged > 1 ? num_averaged : 1));
    return out;
  }
};

}  // namespace fdl::cuda::updates
