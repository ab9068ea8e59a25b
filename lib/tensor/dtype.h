#pragma once

#include <c10/core/ScalarType.h>

#include "lib/catalog/tensor_type.h"
#include "lib/format/safetensors.h"

// One type system in three spellings: the manifest's, libtorch's and the safetensors format's.
namespace fdl::tensor {

at::ScalarType scalar_type(catalog::DType dtype);
at::ScalarType scalar_type(format::SafetensorsDtype dtype);
catalog::DType dtype_of(at::ScalarType dtype);  // of one that a manifest can name
format::SafetensorsDtype safetensors_dtype(at::ScalarType dtype);

}  // namespace fdl::tensor
