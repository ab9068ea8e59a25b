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

// How far two arms' losses lie apart, relative to the peer's, at the step that says most against
// them; and how far they may. Infinite where a loss is not finite, or missing.
struct Difference {
  double apart = 0, allowed = kLossTolerance;

  bool is_too_large() const { return !(apart <= allowed); }
};

// `rounded`: of each step what f32 has rounded away until then, relative; or none. It is allowed
// three times: once for each side, and once more, since both are drawn from what rounding may do.
Difference difference_of(const std::vector<double>& own, const std::vector<double>& peer,
                         const std::vector<double>& rounded = {});

// The largest difference until each step of any of `peers`, in f32, from `exact`, in f64.
std::vector<double> rounded_away(const std::vector<std::vector<double>>& peers,
                                 const std::vector<double>& exact);

// Of each peer among `arms`. Where losses lie further apart than kLossTolerance PyTorch takes the
// steps in f64 too. Errors: those of running the arms.
Result<std::map<std::string, Difference>> compare_losses(const Job& job,
                                                         const std::vector<std::string>& arms,
                                                         const Setup& setup);

}  // namespace fdl::commands::bench
