#pragma once

#include <map>
#include <string>
#include <vector>

#include "commands/bench/arms.h"

// Whether both sides do the same work: the losses of the first steps from the same weights, on the
// same batches, without dropout.
namespace fdl::commands::bench {

inline constexpr std::int64_t kStepsCompared = 20;
inline constexpr double kLossTolerance = 1e-4;  // relative to the peer's

// The largest relative difference; infinite where one of them is not finite, or missing.
double largest_difference(const std::vector<double>& own, const std::vector<double>& peer);

// That of each peer among `arms`. Errors: those of running the arms.
Result<std::map<std::string, double>> compare_losses(const Job& job,
                                                     const std::vector<std::string>& arms,
                                                     const Setup& setup);

}  // namespace fdl::commands::bench
