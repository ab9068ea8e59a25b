#include "lib/train/loss_scale.h"

namespace fdl::train {
namespace {

constexpr double kGrowth = 2, kBackoff = 0.5;
constexpr std::int64_t kGrowthInterval = 2000;
constexpr double kLeast = 0x1p-24;  // f16's smallest number: less helps no gradient

}  // namespace

void LossScale::grow() {
  if (++num_good < kGrowthInterval) return;
  scale *= kGrowth;
  num_good = 0;
}

void LossScale::shrink() {
  scale *= kBackoff;
  num_good = 0;
}

bool LossScale::is_exhausted() const { return scale < kLeast; }

}  // namespace fdl::train
