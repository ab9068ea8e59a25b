#pragma once

#include <ATen/core/Tensor.h>

#include "lib/monitor/profile.h"

namespace fdl::train {

// Measures what a device does at best with libtorch's present number of threads, in a fraction of a
// second. Draws no numbers, and gives back the memory that it takes, which a GPU's peak does not
// count afterwards: to be called before the run has tensors there. Throws c10::Error.
monitor::MachineLimits measure_limits(at::Device device);

}  // namespace fdl::train
