#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "lib/format/safetensors.h"

// The numbers in the bytes of a tensor, without libtorch.
namespace fdl::weights {

// `bytes` are whole elements. 64-bit integers beyond 2^53 are rounded.
std::vector<double> decode(format::SafetensorsDtype dtype, std::span<const std::byte> bytes);

bool is_floating(format::SafetensorsDtype dtype);

// The inverse, of a floating-point dtype, rounded to nearest, ties to even.
std::vector<std::byte> encode(format::SafetensorsDtype dtype, std::span<const double> numbers);

}  // namespace fdl::weights
