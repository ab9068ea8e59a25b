#pragma once

#include <fmt/format.h>

#include "lib/catalog/sizes_2d.h"

namespace fdl::catalog {

struct Conv2dParams {
  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  Pair kernel_size = {1, 1};
  Pair stride = {1, 1};
  Padding2d padding;
  Pair dilation = {1, 1};
  std::int64_t groups = 1;
  bool bias = true;
};

inline Window conv2d_window(const Conv2dParams& p, std::size_t axis) {
  return {p.kernel_size[axis], p.stride[axis], p.dilation[axis],
          added_sides(p.padding, axis, p.kernel_size[axis], p.dilation[axis]), false};
}

inline ModuleSpec conv2d_spec() {
  using config::alias, config::at_least, config::inferred, config::main_field, config::required;
  using P = Conv2dParams;
  return declare<P>("conv2d", "Slide learned filters over the last two axes.")
      .param("in_channels", &P::in_channels, "Channels that come in.", inferred, alias("in"),
             at_least(1))
      .param("out_channels", &P::out_channels, "Filters, which are the channels that go out.",
             required, main_field, alias("out"), at_least(1))
      .param("kernel_size", &P::kernel_size, "Rows and columns of a filter.", required,
             alias("kernel"), at_least(1))
      .param("stride", &P::stride, "Step between two places of a filter.", at_least(1))
      .param("padding", &P::padding, "Zeros at each side, 'same' or 'valid'.")
      .param("dilation", &P::dilation, "Distance between a filter's points.", at_least(1))
      .param("groups", &P::groups, "Split the channels into this many independent groups.",
             at_least(1))
      .param("bias", &P::bias, "Add a learned number per output channel.")
      .tensor("weight", "[out_channels, in_channels / groups, kernel_size[0], kernel_size[1]]",
              kaiming_uniform(2.23606797749979))
      .tensor("bias", "[out_channels]", bias_uniform(), &P::bias)
      .require([](const P& p) { return p.out_channels % p.groups == 0; },
               "'out_channels' must be a multiple of 'groups'")
      .require(
          [](const P& p) {
            return p.padding.word != "same" || (p.stride[0] == 1 && p.stride[1] == 1);
          },
          "'padding: same' needs a stride of 1")
      .shape(
          "[N, in_channels, H, W] -> [N, out_channels, (H + 2*padding - dilation*(kernel_size - 1) "
          "- 1)/stride + 1, likewise W]",
          [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
            if (x.shape.size() != 4)
              return tl::unexpected(std::string("it takes 4 axes: [N, in_channels, H, W]"));
            const Dim& channels = x.shape[1];
            if (p.in_channels == 0 && channels.is_number()) p.in_channels = channels.number();
            if (!(channels == Dim(p.in_channels)))
              return tl::unexpected(fmt::format("'in_channels' is {}, but that axis is {}",
                                                p.in_channels, channels.text()));
            if (p.in_channels % p.groups != 0)
              return tl::unexpected(fmt::format(
                  "its {} input channels cannot be split into {} groups", p.in_channels, p.groups));
            return walk_2d(x, p.out_channels, conv2d_window(p, 0), conv2d_window(p, 1));
          })
      .flops([](const P& p, const TensorType&, const TensorType& out) {
        return num_elements(out.shape) *
               Dim(2 * (p.in_channels / p.groups) * p.kernel_size[0] * p.kernel_size[1]);
      })
      .source("torch.nn.Conv2d")
      .example("conv2d: { out: 32, kernel: 3, padding: same }");
}

}  // namespace fdl::catalog
