#pragma once

#include "lib/catalog/spatial.h"

// What unfold and fold share: the windows of an image, each as one column of numbers.
namespace fdl::catalog {

// How many windows an image [N, C, H, W] has, or why none.
template <typename P>
tl::expected<Dim, std::string> num_patches(const P& p, const TensorType& image) {
  std::array<Window, 2> windows;
  for (std::size_t i = 0; i < 2; ++i)
    windows[i] = {
        p.kernel_size[i], p.stride[i], p.dilation[i], {p.padding[i], p.padding[i]}, false};
  const auto walked = walk(image, Dim(1), windows);
  if (!walked) return tl::unexpected(walked.error());
  return (*walked)[2] * (*walked)[3];
}

template <typename P>
ModuleBuilder<P>& add_patch_params(ModuleBuilder<P>& module) {
  using config::alias, config::at_least, config::required;
  return module
      .param("kernel_size", &P::kernel_size, "Rows and columns of a window.", required,
             alias("kernel"), at_least(1))
      .param("dilation", &P::dilation, "Distance between a window's points.", at_least(1))
      .param("padding", &P::padding, "Zeros at each side.", at_least(0))
      .param("stride", &P::stride, "Step between two windows.", at_least(1));
}

}  // namespace fdl::catalog
