#pragma once

#include "lib/catalog/patches.h"

namespace fdl::catalog {

struct UnfoldParams {
  Tuple<2> kernel_size = {1, 1};
  Tuple<2> dilation = {1, 1};
  Tuple<2> padding = {0, 0};
  Tuple<2> stride = {1, 1};
};

inline ModuleSpec unfold_spec() {
  using P = UnfoldParams;
  ModuleBuilder<P> module("unfold", "Lay out each window of an image as one column.");
  return add_patch_params(module)
      .shape("[N, C, H, W] -> [N, C*kernel_size[0]*kernel_size[1], number of windows]",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               const auto count = num_patches(p, x);
               if (!count) return tl::unexpected(count.error());
               return Shape{x.shape[0], x.shape[1] * Dim(product(p.kernel_size)), *count};
             })
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .keeps({})
      .source("torch.nn.Unfold")
      .example("unfold: { kernel: 2 }", {"f32[2, 4, 3]"});
}

}  // namespace fdl::catalog
