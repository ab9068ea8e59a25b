#pragma once

#include <fmt/format.h>

#include "lib/catalog/patches.h"

namespace fdl::catalog {

struct FoldParams {
  Tuple<2> output_size = {1, 1};
  Tuple<2> kernel_size = {1, 1};
  Tuple<2> dilation = {1, 1};
  Tuple<2> padding = {0, 0};
  Tuple<2> stride = {1, 1};
};

inline tl::expected<Shape, std::string> folded(const FoldParams& p, const TensorType& x) {
  if (x.shape.size() != 3)
    return tl::unexpected(std::string("it takes 3 axes: [N, C * window, number of windows]"));
  const std::optional<Dim> channels = exact_quotient(x.shape[1], product(p.kernel_size));
  if (!channels)
    return tl::unexpected(fmt::format("axis 1 must be a multiple of the window's {} points, not {}",
                                      product(p.kernel_size), x.shape[1].text()));
  const Shape image = {x.shape[0], *channels, p.output_size[0], p.output_size[1]};
  const auto count = num_patches(p, {x.dtype, image});
  if (!count) return tl::unexpected(count.error());
  if (x.shape[2] == *count) return image;
  return tl::unexpected(fmt::format("an image of {} by {} has {} windows, not {}", p.output_size[0],
                                    p.output_size[1], count->text(), x.shape[2].text()));
}

inline ModuleSpec fold_spec() {
  using P = FoldParams;
  ModuleBuilder<P> module("fold", "Add columns up as the overlapping windows of an image.");
  module.param("output_size", &P::output_size, "Rows and columns of the image.", config::required,
               config::at_least(1));
  return add_patch_params(module)
      .shape("[N, C*kernel_size[0]*kernel_size[1], number of windows] -> [N, C, output_size]",
             folded)
      .flops([](const P&, const TensorType& x, const TensorType&) { return num_elements(x.shape); })
      .keeps({})
      .source("torch.nn.Fold")
      .example("fold: { output_size: 3, kernel: 2 }", {"f32[8, 4]"});
}

}  // namespace fdl::catalog
