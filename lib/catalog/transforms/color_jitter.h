#pragma once

#include <array>

#include "lib/catalog/pictures.h"

namespace fdl::catalog {

struct ColorJitterParams {
  double brightness = 0;
  double contrast = 0;
  double saturation = 0;
};

inline EntrySpec color_jitter_spec() {
  using P = ColorJitterParams;
  return declare_entry<P>("color_jitter",
                          "Change brightness, contrast and saturation of f32 pictures in 0..1 by "
                          "random factors, in that order.")
      .param("brightness", &P::brightness, "Factors from 1 - this to 1 + this.",
             config::between(0, 1))
      .param("contrast", &P::contrast, "Factors from 1 - this to 1 + this.", config::between(0, 1))
      .param("saturation", &P::saturation, "Factors from 1 - this to 1 + this; of three channels.",
             config::between(0, 1))
      .changes([](const P& p, const TensorType& sample) -> ChangedType {
        if (sample.dtype != DType::F32)
          return tl::unexpected<std::string>("it takes f32; put to_f32 before it");
        if (p.saturation > 0 && (sample.shape.size() != 3 || !(sample.shape[0] == Dim(3))))
          return tl::unexpected<std::string>("saturation needs three channels");
        return picture(sample);
      })
      .draws()
      .source("torchvision ColorJitter");
}

}  // namespace fdl::catalog
