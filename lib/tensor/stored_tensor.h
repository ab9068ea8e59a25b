#pragma once

#include <ATen/core/Tensor.h>

#include "lib/weights/weight_files.h"

namespace fdl::tensor {

// Fills a contiguous tensor with the numbers of a stored one of the same shape, converted to
// its dtype as a cast does it. Memory: one piece of the file where dtypes differ, else none.
// Errors: FDL5001, FDL5201.
Result<void> read_stored(const weights::WeightFiles& files, const weights::StoredTensor& stored,
                         const at::Tensor& target);

}  // namespace fdl::tensor
