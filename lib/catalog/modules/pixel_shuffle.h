#pragma once

#include <fmt/format.h>

#include "lib/catalog/axes.h"

namespace fdl::catalog {

struct PixelShuffleParams {
  std::int64_t upscale_factor = 1;
};

inline tl::expected<Shape, std::string> pixels_shuffled(const PixelShuffleParams& p,
                                                        const TensorType& x) {
  if (x.shape.size() < 4)
    return tl::unexpected(std::string("it takes at least 4 axes: [N, C, H, W]"));
  Shape out = x.shape;
  const std::int64_t factor = p.upscale_factor;
  Dim &channels = out[out.size() - 3], &height = out[out.size() - 2], &width = out.back();
  const std::optional<Dim> fewer = exact_quotient(channels, factor * factor);
  if (!fewer)
    return tl::unexpected(
        fmt::format("its {} channels are no multiple of {}", channels.text(), factor * factor));
  channels = *fewer;
  height = height * Dim(factor);
  width = width * Dim(factor);
  return out;
}

inline ModuleSpec pixel_shuffle_spec() {
  using P = PixelShuffleParams;
  return declare<P>("pixel_shuffle", "Spread groups of channels over an image r times as large.")
      .param("upscale_factor", &P::upscale_factor, "How many times as large: r.", config::required,
             config::main_field, config::at_least(1))
      .input("input", DTypeClass::Any)
      .shape("[*, C, H, W] -> [*, C / (r*r), H*r, W*r] with r = upscale_factor", pixels_shuffled)
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .keeps({})
      .source("Shi et al. 2016, arXiv:1609.05158, equation 4")
      .example("pixel_shuffle: 2", {"f32[8, 2, 3]"});
}

}  // namespace fdl::catalog
