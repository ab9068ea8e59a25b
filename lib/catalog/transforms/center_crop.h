#pragma once

#include <array>

#include "lib/catalog/pictures.h"

namespace fdl::catalog {

struct CenterCropParams {
  std::array<std::int64_t, 2> size = {0, 0};
};

inline EntrySpec center_crop_spec() {
  using P = CenterCropParams;
  return declare_entry<P>("center_crop", "Cut the middle out of a picture.")
      .param("size", &P::size, "Height and width of the part.", config::required,
             config::main_field, config::at_least(1))
      .changes([](const P& p, const TensorType& sample) { return cropped(sample, p.size, 0); })
      .source("torchvision CenterCrop");
}

}  // namespace fdl::catalog
