#pragma once

#include <optional>

#include "lib/catalog/sizes_2d.h"

namespace fdl::catalog {

struct AvgPool2dParams {
  Pair kernel_size = {1, 1};
  std::optional<Pair> stride;
  Pair padding = {0, 0};
  bool count_include_pad = true;
  bool ceil_mode = false;
};

inline Window avg_pool2d_window(const AvgPool2dParams& p, std::size_t axis) {
  const Pair stride = p.stride.value_or(p.kernel_size);
  return {p.kernel_size[axis], stride[axis], 1, {p.padding[axis], p.padding[axis]}, p.ceil_mode};
}

inline ModuleSpec avg_pool2d_spec() {
  using config::alias, config::at_least, config::main_field, config::required;
  using P = AvgPool2dParams;
  return declare<P>("avg_pool2d", "The mean of each window.")
      .param("kernel_size", &P::kernel_size, "Rows and columns of a window.", required, main_field,
             alias("kernel"), at_least(1))
      .param("stride", &P::stride, "Step between two windows; null means the kernel's size.",
             at_least(1))
      .param("padding", &P::padding, "Zeros at each side.", at_least(0))
      .param("count_include_pad", &P::count_include_pad, "Count the padding's zeros in the mean.")
      .param("ceil_mode", &P::ceil_mode, "Keep a last window that only partly fits.")
      .require(
          [](const P& p) {
            return p.padding[0] * 2 <= p.kernel_size[0] && p.padding[1] * 2 <= p.kernel_size[1];
          },
          "'padding' may be at most half of 'kernel_size'")
      .shape("[N, C, H, W] -> [N, C, (H + 2*padding - kernel_size) / stride + 1, likewise W]",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               const Dim channels = x.shape.size() == 4 ? x.shape[1] : Dim(0);
               return walk_2d(x, channels, avg_pool2d_window(p, 0), avg_pool2d_window(p, 1));
             })
      .flops([](const P& p, const TensorType&, const TensorType& out) {
        return num_elements(out.shape) * Dim(p.kernel_size[0] * p.kernel_size[1]);
      })
      .source("torch.nn.AvgPool2d")
      .example("avg_pool2d: 2");
}

}  // namespace fdl::catalog
