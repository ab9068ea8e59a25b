#pragma once

#include <ATen/core/Tensor.h>

#include "lib/catalog/init.h"
#include "lib/tensor/random.h"

namespace fdl::tensor {

// Gives a contiguous f32 tensor its first values, from its own stream. They depend on the key and
// the shape alone.
void initialise(const at::Tensor& tensor, const catalog::Init& init, StreamKey key);

// Likewise of one that follows from the first values of another tensor: Init::Kind::Lengths and the
// two vectors. The key is the other tensor's, so that the two vectors belong together.
void initialise_from(const at::Tensor& tensor, const catalog::Init& init, const at::Tensor& source,
                     StreamKey key);

}  // namespace fdl::tensor
