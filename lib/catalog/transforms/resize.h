#pragma once

#include <array>

#include "lib/catalog/pictures.h"

namespace fdl::catalog {

struct ResizeParams {
  std::array<std::int64_t, 2> size = {0, 0};
};

inline EntrySpec resize_spec() {
  using P = ResizeParams;
  return declare_entry<P>(
             "resize",
             "Scale pictures to a size; f32 is interpolated, other numbers are taken from "
             "the nearest pixel.")
      .param("size", &P::size, "Height and width.", config::required, config::main_field,
             config::at_least(1))
      .changes([](const P& p, const TensorType& sample) { return resized(sample, p.size); })
      .source("torch.nn.functional.interpolate, bilinear or nearest, align_corners=False");
}

}  // namespace fdl::catalog
