#pragma once

#include <cstdint>
#include <functional>

#include <ATen/core/Tensor.h>

#include "lib/base/result.h"

namespace fdl::optim {

// The loss at a place along a direction: the step's length, the flat gradient there, and the slope
// along the direction.
struct Point {
  double length = 0;
  double loss = 0;
  at::Tensor gradient;
  double slope = 0;
};

struct LineSearch {
  std::function<Result<Point>(double length)> evaluate;
  double largest_direction = 0;  // the largest number of the direction
  double tolerance_change = 1e-9;
};

struct Found {
  Point point;
  std::int64_t num_evaluations = 0;
};

// A step from `start` (length 0), first tried at `length`, that meets the strong Wolfe conditions,
// or the best one after 25 evaluations. As torch.optim.lbfgs._strong_wolfe; Nocedal and Wright
// 2006, algorithms 3.5 and 3.6. Errors: those of `evaluate`.
Result<Found> strong_wolfe(const LineSearch& search, const Point& start, double length);

}  // namespace fdl::optim
