#pragma once

#include "lib/catalog/axis_list.h"

// Sizes of modules that split, join or pad axes.
namespace fdl::catalog {

// `sizes` with its one -1, if any, replaced by what is left over of `num_elements`; a sentence when
// they do not multiply to it.
tl::expected<Shape, std::string> filled_axes(const std::vector<std::int64_t>& sizes,
                                             const Dim& num_elements);

// The shape with `pads` added: before and after, for the last axis, then the one before it.
tl::expected<Shape, std::string> padded(const Shape& shape, const std::vector<std::int64_t>& pads,
                                        const std::string& mode);

}  // namespace fdl::catalog
