#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lib/format/safetensors.h"

// Element types and shapes, as the reader and the writer of safetensors files share them.

namespace fdl::format {

// All names, for messages.
std::string dtype_names();

// None for names that are not read.
std::optional<SafetensorsDtype> dtype_from_name(std::string_view name);

// Bytes of a tensor; none when a dimension is negative, or when the product does not fit int64
// (zeros left out, so that strides fit too).
std::optional<std::uint64_t> shape_bytes(std::span<const std::int64_t> shape,
                                         SafetensorsDtype dtype);

}  // namespace fdl::format
