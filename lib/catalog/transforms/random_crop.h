#pragma once

#include <array>

#include "lib/catalog/pictures.h"

namespace fdl::catalog {

struct RandomCropParams {
  std::array<std::int64_t, 2> size = {0, 0};
  std::int64_t padding = 0;
  double fill = 0;
};

inline EntrySpec random_crop_spec() {
  using P = RandomCropParams;
  return declare_entry<P>("random_crop",
                          "Cut a random part out of a picture, after a frame has been added to it.")
      .param("size", &P::size, "Height and width of the part.", config::required,
             config::main_field, config::at_least(1))
      .param("padding", &P::padding, "Width of the frame.", config::at_least(0))
      .param("fill", &P::fill, "What the frame is filled with.")
      .changes(
          [](const P& p, const TensorType& sample) { return cropped(sample, p.size, p.padding); })
      .draws()
      .source("torchvision RandomCrop");
}

}  // namespace fdl::catalog
