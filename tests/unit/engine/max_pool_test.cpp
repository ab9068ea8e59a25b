#include "lib/nn/max_pool.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "lib/nn/image_layout.h"

namespace fdl::testing {

TEST_CASE("max_pool_2x2 is libtorch's to the bit, with its gradients") {
  at::manual_seed(1);
  for (const std::int64_t height : {2, 3, 6, 9}) {
    for (const std::int64_t width : {2, 3, 17, 72}) {
      CAPTURE(height);
      CAPTURE(width);
      for (const bool is_last : {false, true}) {
        at::Tensor x = at::randn({3, 4, height, width});
        if (is_last) x = x.contiguous(at::MemoryFormat::ChannelsLast);
        x.requires_grad_();
        const at::Tensor made = nn::max_pool_2x2(x), exact = at::max_pool2d(x, 2);
        CHECK(made.equal(exact));
        CHECK(nn::has_channels_last(made) == (is_last && made.numel() > 3 * 4));
        const at::Tensor by = at::randn_like(exact);
        const auto gradient = [&](const at::Tensor& out, bool again) {
          return torch::autograd::grad({out}, {x}, {by}, {}, again)[0];
        };
        CHECK(gradient(made.square(), false).equal(gradient(exact.square(), false)));
        const at::Tensor first = gradient(nn::max_pool_2x2(x).square(), true);
        const at::Tensor theirs = gradient(at::max_pool2d(x, 2).square(), true);
        CHECK(torch::autograd::grad({first.square().sum()}, {x})[0].equal(
            torch::autograd::grad({theirs.square().sum()}, {x})[0]));
      }
    }
  }
  const at::Tensor doubles = at::randn({2, 3, 6, 6}, at::kDouble);
  CHECK(nn::max_pool_2x2(doubles).equal(at::max_pool2d(doubles, 2)));
}

}  // namespace fdl::testing
