#pragma once

#include <fmt/format.h>

#include "lib/catalog/axes.h"

namespace fdl::catalog {

struct PixelUnshuffleParams {
  std::int64_t downscale_factor = 1;
};

inline tl::expected<Shape, std::string> pixels_unshuffled(const PixelUnshuffleParams& p,
                                                          const TensorType& x) {
  if (x.shape.size() < 4)
    return tl::unexpected(std::string("it takes at least 4 axes: [N, C, H, W]"));
  Shape out = x.shape;
  const std::int64_t factor = p.downscale_factor;
  for (Dim* side : {&out[out.size() - 2], &out.back()}) {
    const std::optional<Dim> shorter = exact_quotient(*side, factor);
    if (!shorter)
      return tl::unexpected(
          fmt::format("its axis of size {} is no multiple of {}", side->text(), factor));
    *side = *shorter;
  }
  out[out.size() - 3] = out[out.size() - 3] * Dim(factor * factor);
  return out;
}

inline ModuleSpec pixel_unshuffle_spec() {
  using P = PixelUnshuffleParams;
  return declare<P>("pixel_unshuffle", "Gather an image's neighbouring points as channels.")
      .param("downscale_factor", &P::downscale_factor, "How many times smaller: r.",
             config::required, config::main_field, config::at_least(1))
      .input("input", DTypeClass::Any)
      .shape("[*, C, H, W] -> [*, C*r*r, H / r, W / r] with r = downscale_factor",
             pixels_unshuffled)
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .keeps({})
      .source("torch.nn.PixelUnshuffle")
      .example("pixel_unshuffle: 2", {"f32[2, 4, 6]"});
}

}  // namespace fdl::catalog
