#pragma once

#include <cstdint>
#include <vector>

namespace fdl::data {

// The numbers 0 ... num_samples - 1 in the order in which an epoch visits them. A pure function:
// nothing to save or restore. Source: Fisher and Yates; Knuth, volume 2, algorithm 3.4.2P.
std::vector<std::int64_t> shuffled(std::int64_t num_samples, std::uint64_t seed,
                                   std::int64_t epoch);

}  // namespace fdl::data
