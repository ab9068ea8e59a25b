#pragma once

#include <cstdint>

namespace fdl::train {

// Dynamic loss scaling of `precision: f16`: the loss is multiplied, so that small gradients do not
// round to 0, and the gradients are divided again. Where they overflow, the update is left out and
// the scale halves; after many updates without, it doubles. Numbers of torch.amp.GradScaler.
// Source: Micikevicius et al. 2018, "Mixed precision training".
struct LossScale {
  double scale = 65536;
  std::int64_t num_good = 0;  // updates since the scale changed

  void grow();    // after an update whose gradients were finite
  void shrink();  // after one that overflowed

  // Whether there is no smaller scale left to try.
  bool is_exhausted() const;

  friend bool operator==(const LossScale&, const LossScale&) = default;
};

}  // namespace fdl::train
