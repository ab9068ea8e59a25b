#pragma once

#include "lib/cuda/update_rule.h"

namespace fdl::cuda::updates {

struct Rprop {
  static constexpr int kSlots = 2, kNumbers = 0;

  double shorter, longer, least, most;

  struct Update {
    float shorter, longer, least, most, first;
    bool is_first;  // as in PyTorch, the learning rate counts at the first step alone

    FDL_HOST_DEVICE void operator()(float& p, float g, float& former, float& size) const {
      const float turn = g * former;
      if (is_first) size = first;
      size *= turn > 0 ? longer : turn < 0 ? shorter : 1;
      size = size < least ? least : most < size ? most : size;
      if (turn < 0) g = 0;
      p -= sign(g) * size;
      former = g;
    }
  };

  FDL_HOST_DEVICE Update prepare(double lr, double step, float* const* /*numbers*/) const {
    return {static_cast<float>(shorter), static_cast<float>(longer), static_cast<float>(least),
            static_cast<float>(most),    static_cast<float>(lr),     step == 1};
  }
};

}  // namespace fdl::cuda::updates
