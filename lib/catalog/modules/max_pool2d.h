#pragma once

#include <optional>

#include "lib/catalog/sizes_2d.h"

namespace fdl::catalog {

struct MaxPool2dParams {
  Pair kernel_size = {1, 1};
  std::optional<Pair> stride;
  Pair padding = {0, 0};
  Pair dilation = {1, 1};
  bool ceil_mode = false;
};

inline Window max_pool2d_window(const MaxPool2dParams& p, std::size_t axis) {
  const Pair stride = p.stride.value_or(p.kernel_size);
  return {p.kernel_size[axis],
          stride[axis],
          p.dilation[axis],
          {p.padding[axis], p.padding[axis]},
          p.ceil_mode};
}

inline ModuleSpec max_pool2d_spec() {
  using config::alias, config::at_least, config::main_field, config::required;
  using P = MaxPool2dParams;
  return declare<P>("max_pool2d", "The largest value of each window.")
      .param("kernel_size", &P::kernel_size, "Rows and columns of a window.", required, main_field,
             alias("kernel"), at_least(1))
      .param("stride", &P::stride, "Step between two windows; null means the kernel's size.",
             at_least(1))
      .param("padding", &P::padding, "Minus infinities at each side.", at_least(0))
      .param("dilation", &P::dilation, "Distance between a window's points.", at_least(1))
      .param("ceil_mode", &P::ceil_mode, "Keep a last window that only partly fits.")
      .require(
          [](const P& p) {
            return p.padding[0] * 2 <= p.kernel_size[0] && p.padding[1] * 2 <= p.kernel_size[1];
          },
          "'padding' may be at most half of 'kernel_size'")
      .shape(
          "[N, C, H, W] -> [N, C, (H + 2*padding - dilation*(kernel_size - 1) - 1) / stride + 1, "
          "likewise W]",
          [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
            const Dim channels = x.shape.size() == 4 ? x.shape[1] : Dim(0);
            return walk_2d(x, channels, max_pool2d_window(p, 0), max_pool2d_window(p, 1));
          })
      .flops([](const P& p, const TensorType&, const TensorType& out) {
        return num_elements(out.shape) * Dim(p.kernel_size[0] * p.kernel_size[1]);
      })
      .source("torch.nn.MaxPool2d")
      .example("max_pool2d: 2");
}

}  // namespace fdl::catalog
