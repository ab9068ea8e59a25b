#pragma once

#include <cstdint>

namespace fdl::cuda {

// The draws of one dropout mask, by the parts of its key: fdl::tensor puts the same together on a
// CPU. Plain numbers, as a kernel takes them.
struct MaskDraw {
  std::uint64_t node_key = 0;  // of seed, purpose and path
  std::uint64_t step = 0, micro_batch = 0, loop_turn = 0;
  bool has_place = false;  // one of several masks of its node
  std::uint64_t place = 0;
  const std::int64_t* step_on_device = nullptr;  // where given, the step's number is read there
  std::uint32_t threshold = 0;                   // words below it are dropped
  float kept = 1;                                // what the others become
  std::int64_t num_rows = 1;
  std::int64_t first_lane = 0;          // of row 0, the others follow it
  const std::int64_t* lanes = nullptr;  // on the device, instead: one for each row
};

}  // namespace fdl::cuda
