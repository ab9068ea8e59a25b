#pragma once

#include <array>
#include <string>

#include "lib/catalog/entry_spec.h"

// What transforms of pictures ask of a field: its last two axes are height and width.
namespace fdl::catalog {

// The type as it is, or why it is no picture.
ChangedType picture(const TensorType& sample);
// The type with another height and width.
ChangedType resized(const TensorType& sample, const std::array<std::int64_t, 2>& size);
// The same for a part of a picture with a frame around it.
ChangedType cropped(const TensorType& sample, const std::array<std::int64_t, 2>& size,
                    std::int64_t frame);

}  // namespace fdl::catalog
