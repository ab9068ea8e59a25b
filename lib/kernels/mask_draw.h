#pragma once

#include <cstdint>

namespace fdl::kernels {

// Which numbers of a lane of a stream are dropped.
struct MaskDraw {
  std::uint64_t key = 0, lane = 0;
  std::uint32_t threshold = 0;  // a number is 0 where its word is below this, else `kept`
  float kept = 1;

  bool drops() const { return threshold > 0; }
};

}  // namespace fdl::kernels
