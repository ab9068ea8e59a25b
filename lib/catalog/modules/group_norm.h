#pragma once

#include <fmt/format.h>

#include "lib/catalog/axes.h"

namespace fdl::catalog {

struct GroupNormParams {
  std::int64_t num_groups = 1;
  std::int64_t num_channels = 0;
  double eps = 1e-5;
  bool affine = true;
};

inline tl::expected<Shape, std::string> grouped(GroupNormParams& p, const TensorType& x) {
  if (x.shape.size() < 2)
    return tl::unexpected(std::string("it takes at least 2 axes: [N, num_channels]"));
  if (auto why = infer_size("num_channels", p.num_channels, x.shape[1]))
    return tl::unexpected(*why);
  if (p.num_channels % p.num_groups == 0) return x.shape;
  return tl::unexpected(
      fmt::format("its {} channels cannot be split into {} groups", p.num_channels, p.num_groups));
}

inline ModuleSpec group_norm_spec() {
  using config::above, config::at_least, config::inferred, config::main_field, config::required;
  using P = GroupNormParams;
  return declare<P>("group_norm",
                    "Normalise each group of channels of each sample over all places, then scale "
                    "and shift each channel.")
      .param("num_groups", &P::num_groups, "Groups that the channels are split into.", required,
             main_field, at_least(1))
      .param("num_channels", &P::num_channels, "Channels: the length of axis 1.", inferred,
             at_least(1))
      .param("eps", &P::eps, "Added to the variance before the square root.", above(0))
      .param("affine", &P::affine, "Learn a scale and a shift per channel.")
      .tensor("weight", "[num_channels]", ones(), &P::affine)
      .tensor("bias", "[num_channels]", zeros(), &P::affine)
      .shape("[N, num_channels, any axes] -> the same", grouped)
      .flops([](const P&, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(8);
      })
      .keeps_bytes([](const P& p, const TensorType& x, const TensorType&) {
        return bytes_of(x.shape[0] * Dim(2 * p.num_groups), x);
      })
      .source("Wu and He 2018, arXiv:1803.08494, section 3")
      .example("group_norm: 3", {"f32[6, 4]"});
}

}  // namespace fdl::catalog
