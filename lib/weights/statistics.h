#pragma once

#include "lib/weights/weight_files.h"

namespace fdl::weights {

// Of the finite numbers of a tensor; all 0 when there are none. `std` divides by their number.
struct Statistics {
  double min = 0, max = 0, mean = 0, std = 0;
  std::uint64_t num_not_finite = 0;
};

// Reads the tensor piece by piece. Errors: FDL5001, FDL5201.
Result<Statistics> statistics(const WeightFiles& files, const StoredTensor& tensor);

}  // namespace fdl::weights
