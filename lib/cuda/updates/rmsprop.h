#pragma once

#include "lib/cuda/update_rule.h"

namespace fdl::cuda::updates {

// Slots: the mean square, then the momentum's and the mean, where it has them.
template <bool kMomentum, bool kCentered>
struct RmsProp {
  static constexpr int kSlots = 1 + kMomentum + kCentered, kNumbers = 0;

  double momentum, alpha, eps, weight_decay;

  struct Update {
    float lr, momentum, alpha, share, eps, decay;

    FDL_HOST_DEVICE void operator()(float& p, float g, float& square) const {
      run(p, g, square, nullptr, nullptr);
    }
    FDL_HOST_DEVICE void operator()(float& p, float g, float& square, float& third) const {
      run(p, g, square, kMomentum ? &third : nullptr, kCentered ? &third : nullptr);
    }
    FDL_HOST_DEVICE void operator()(float& p, float g, float& square, float& buffer,
                                    float& mean) const {
      run(p, g, square, &buffer, &mean);
    }

   private:
    FDL_HOST_DEVICE void run(float& p, float g, float& square, float* buffer, float* mean) const {
      g += decay * p;
      square = square * alpha + share * g * g;
      float spread = square;
      if constexpr (kCentered) {
        *mean = towards(*mean, g, share);
        spread -= *mean * *mean;
      }
      const float root = std::sqrt(spread) + eps;
      if constexpr (kMomentum) {
        *buffer = *buffer * momentum + g / root;
        p -= lr * *buffer;
      } else {
        p -= lr * g / root;
      }
    }
  };

  FDL_HOST_DEVICE Update prepare(double lr, double /*step*/, float* const* /*numbers*/) const {
    return {static_cast<float>(lr),    static_cast<float>(momentum),
            static_cast<float>(alpha), static_cast<float>(1 - alpha),
            static_cast<float>(eps),   static_cast<float>(weight_decay)};
  }
};

using RmsPropPlain = RmsProp<false, false>;
using RmsPropMomentum = RmsProp<true, false>;
using RmsPropCentered = RmsProp<false, true>;
using RmsPropBoth = RmsProp<true, true>;

}  // namespace fdl::cuda::updates
