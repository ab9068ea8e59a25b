#pragma once

#include <optional>

#include "lib/catalog/tensor_type.h"

namespace fdl::catalog {

// The shape of two tensors combined as PyTorch broadcasts them; empty when they cannot be.
std::optional<Shape> broadcast(const Shape& a, const Shape& b);

// "f32[B, 3] and f32[B, 4] cannot be combined".
std::string cannot_combine(const TensorType& a, const TensorType& b);

}  // namespace fdl::catalog
