#pragma once

#include <cstdint>
#include <vector>

namespace fdl::job {

// Directions are kept for so many.
inline constexpr std::size_t kMostSobolDims = 12;

// Point `index` of Sobol's sequence in [0, 1)^num_dims, moved by `seed` (a digital shift; 0 leaves
// the sequence as it is). Any 2^k points from the start put one into each of 2^k equal parts of
// every axis. Source: Bratley and Fox 1988, ACM TOMS algorithm 659; directions of Joe and Kuo 2008,
// new-joe-kuo-6.
std::vector<double> sobol_point(std::uint32_t index, std::size_t num_dims, std::uint64_t seed);

}  // namespace fdl::job
