#pragma once

#include <cstdint>

// What kernels are given: plain numbers and places.
namespace fdl::cuda {

// Draws of a node at a step, by the parts of their key: fdl::tensor puts the same together on a
// CPU.
struct Draw {
  std::uint64_t node_key = 0;  // of seed, purpose and path
  std::uint64_t step = 0, micro_batch = 0, loop_turn = 0;
  bool has_place = false;  // one of several draws of its node
  std::uint64_t place = 0;
  const std::int64_t* step_on_device = nullptr;  // where given, the step's number is read there
  std::int64_t num_rows = 1;
  std::int64_t first_lane = 0;          // of row 0, the others follow it
  const std::int64_t* lanes = nullptr;  // on the device, instead: one for each row
};

struct MaskDraw : Draw {
  std::uint32_t threshold = 0;  // words below it are dropped
  float kept = 1;               // what the others become
};

// Distributions of noise: N(0, 1), the standard Gumbel one, and [0, 1).
enum class Noise : std::uint8_t { Normal, Gumbel, Uniform };

// Cross entropy of class numbers, with memory on the device.
struct SoftmaxLossTask {
  const float* scores;        // [N, C]
  const std::int64_t* truth;  // [N]
  std::int64_t N = 0, C = 0;
  std::int64_t ignored = 0;  // a target that does not count
  float smoothing = 0;
  bool is_mean = true;

  // What the forward pass leaves.
  float *largest, *sum;  // [N]: of a row's scores, and of their exponentials less the largest
  double* losses;        // [N]
  float* value;          // the mean or sum: nan where a target is no class
  double* count;         // of targets
};

}  // namespace fdl::cuda
