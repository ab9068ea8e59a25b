#include <cmath>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "lib/catalog/channels_last.h"
#include "lib/catalog/modules/conv2d.h"
#include "lib/kernels/tiles.h"
#include "lib/kernels/winograd.h"
#include "lib/nn/convolve2d.h"
#include "lib/nn/image_layout.h"

namespace fdl::testing {
namespace {

enum class Way { Usual, ChannelsLast, Winograd };

// Sizes that go to tiles, where the CPU has them; those that have a padding of 1 to Winograd's
// filtering too, but for a transposed convolution of 3 x 3 that goes on by 2.
struct Case {
  bool is_back;
  std::int64_t kernel, stride, padding, output_padding, groups;
  at::Tensor x, weight, bias;

  Case(bool back, std::int64_t kernel_size, std::int64_t step, std::int64_t pad, std::int64_t more,
       std::int64_t num_groups = 1)
      : is_back(back),
        kernel(kernel_size),
        stride(step),
        padding(pad),
        output_padding(more),
        groups(num_groups),
        x(at::randn({2, 128, 18, 64}).requires_grad_()),
        weight(at::randn({back ? 128 : 96, (back ? 96 : 128) / groups, kernel_size, kernel_size},
                         at::kFloat)
                   .mul(0.05)
                   .requires_grad_()),
        bias(at::randn({96}).requires_grad_()) {}

  bool is_filtered() const { return groups == 1 && (kernel == 4 || (kernel == 3 && stride == 1)); }

  at::Tensor run(Way way = Way::Usual) const {
    const std::vector<std::int64_t> steps = {stride, stride}, pads = {padding, padding},
                                    more = {output_padding, output_padding}, one = {1, 1};
    const nn::Conv2dSteps all = {steps, pads, one, groups, way != Way::Usual, way == Way::Winograd};
    return is_back ? nn::convolve2d_back(x, weight, bias, all, more)
                   : nn::convolve2d(x, weight, bias, all);
  }
  // libtorch's, of the type of its inputs.
  at::Tensor exact(const std::vector<at::Tensor>& in) const {
    if (is_back)
      return at::conv_transpose2d(in[0], in[1], in[2], stride, padding, output_padding, groups);
    return at::conv2d(in[0], in[1], in[2], stride, padding, 1, groups);
  }
  std::vector<at::Tensor> inputs() const { return {x, weight, bias}; }
  std::vector<at::Tensor> doubles() const {
    std::vector<at::Tensor> out;
    for (const at::Tensor& t : inputs()) out.push_back(t.detach().to(at::kDouble).requires_grad_());
    return out;
  }
};

const std::vector<Case>& cases() {
  static const std::vector<Case> out = [] {
    at::manual_seed(1);
    return std::vector<Case>{{false, 3, 1, 1, 0},
                             {false, 4, 2, 1, 0},
                             {true, 4, 2, 1, 0},
                             {true, 3, 2, 1, 1},
                             {true, 3, 1, 1, 0}};
  }();
  return out;
}

bool is_close(const at::Tensor& made, const at::Tensor& exact, double relative = 1e-5) {
  REQUIRE(made.sizes() == exact.sizes());
  const double most = exact.abs().max().item<double>();
  return (made.to(at::kDouble) - exact).abs().max().item<double>() <= relative * most;
}

using torch::autograd::grad;

// Of what a case has made, which is held to libtorch's in f64, and so are they.
std::vector<at::Tensor> checked_gradients(const Case& one, const at::Tensor& made,
                                          const at::Tensor& by) {
  const std::vector<at::Tensor> in = one.doubles();
  const at::Tensor exact = one.exact(in);
  CHECK(is_close(made, exact));
  const auto out = grad({made}, one.inputs(), {by});
  const auto theirs = grad({exact}, in, {by.to(at::kDouble)});
  for (std::size_t i = 0; i < theirs.size(); ++i) CHECK(is_close(out[i], theirs[i]));
  return out;
}

}  // namespace

TEST_CASE("convolutions on tiles and their gradients are libtorch's") {
  for (const Case& one : cases()) {
    CAPTURE(one.is_back);
    CAPTURE(one.kernel);
    CAPTURE(one.stride);
    const at::Tensor made = one.run();
    if (kernels::tile_functions() != nullptr) CHECK(!made.equal(one.exact(one.inputs())));
    checked_gradients(one, made, at::randn_like(made));
  }
}

TEST_CASE("convolutions with channels last and their gradients are libtorch's") {
  const bool had_tiles = kernels::tiles_in_use() != nullptr;
  kernels::use_tiles(false);
  std::vector<Case> all = cases();
  at::manual_seed(2);
  for (const bool is_back : {false, true}) {
    all.emplace_back(is_back, 3, 1, 1, 0, 4);
    all.emplace_back(is_back, 1, 1, 0, 0);
  }
  for (const Case& one : all) {
    CAPTURE(one.is_back);
    CAPTURE(one.kernel);
    CAPTURE(one.stride);
    CAPTURE(one.groups);
    const at::Tensor made = one.run(Way::ChannelsLast);
    CHECK(nn::has_channels_last(made));
    CHECK(!nn::has_channels_last(one.run()));
    const at::Tensor by = at::randn_like(made);
    const auto gradients = checked_gradients(one, made, by);
    CHECK(gradients[1].is_contiguous());
    const auto alone = grad({one.run(Way::ChannelsLast)}, {one.bias}, {by});
    CHECK(alone[0].equal(gradients[2]));
  }
  kernels::use_tiles(had_tiles);
}

TEST_CASE("convolutions by Winograd's filtering and their gradients are libtorch's") {
  const bool had_tiles = kernels::tiles_in_use() != nullptr;
  kernels::use_tiles(false);
  int num_filtered = 0;
  for (const Case& one : cases()) {
    CAPTURE(one.is_back);
    CAPTURE(one.kernel);
    CAPTURE(one.stride);
    const at::Tensor made = one.run(Way::Winograd);
    CHECK(nn::has_channels_last(made));
    CHECK(made.equal(one.run(Way::ChannelsLast)) != one.is_filtered());
    num_filtered += one.is_filtered() ? 1 : 0;
    CHECK(checked_gradients(one, made, at::randn_like(made))[1].is_contiguous());
  }
  CHECK(num_filtered == 4);
  kernels::use_tiles(had_tiles);
}

TEST_CASE("what convolutions declare to hold is what Winograd's filtering takes") {
  const catalog::HeldMemory* const plain = catalog::channels_last_memory("conv2d", false);
  const catalog::HeldMemory* const filtered = catalog::channels_last_memory("conv2d", true);
  int num_fit = 0;
  for (std::int64_t kernel = 1; kernel <= 6; ++kernel) {
    for (const std::int64_t stride : {1, 2, 3}) {
      for (const std::int64_t dilation : {1, 2}) {
        CAPTURE(kernel);
        CAPTURE(stride);
        CAPTURE(dilation);
        catalog::Conv2dParams p;
        p.in_channels = 64, p.out_channels = 96;
        p.kernel_size = {kernel, kernel}, p.stride = {stride, stride};
        p.dilation = {dilation, dilation};
        const std::vector<catalog::TensorType> input = {{catalog::DType::F32, {2, 64, 32, 32}}};
        const auto bytes = [&](const catalog::Count& count) {
          return count(&p, input, {}).number();
        };
        const std::int64_t out = (32 - dilation * (kernel - 1) - 1) / stride + 1;
        const kernels::ConvAxis axis = {32, out, kernel, stride, 0, dilation};
        const kernels::ConvSize size = {2, 64, 96, axis, axis};
        const bool fits = kernels::winograd_fits(size);
        num_fit += fits ? 1 : 0;
        const auto points = fits ? 4 * kernels::winograd_scratch(size) : 0;
        CHECK(bytes(filtered->forward_work_bytes) ==
              (fits ? points : bytes(plain->forward_work_bytes)));
        CHECK(bytes(filtered->backward_work_bytes) ==
              (fits ? points : bytes(plain->backward_work_bytes)));
      }
    }
  }
  CHECK(num_fit == 2);
}

TEST_CASE("gradients of gradients of convolutions are libtorch's") {
  for (const Case& one : cases()) {
    CAPTURE(one.is_back);
    CAPTURE(one.stride);
    const auto twice = [](const at::Tensor& made, const std::vector<at::Tensor>& in) {
      const auto first = grad({made.square().sum()}, {in[0]}, {}, true, /*create_graph=*/true);
      return grad({first[0].square().sum()}, {in[0], in[1]});
    };
    const std::vector<at::Tensor> in = one.doubles();
    const auto exact = twice(one.exact(in), in);
    for (const Way way : {Way::Usual, Way::ChannelsLast, Way::Winograd}) {
      const auto made = twice(one.run(way), one.inputs());
      for (std::size_t i = 0; i < exact.size(); ++i) CHECK(is_close(made[i], exact[i]));
    }
  }
}

TEST_CASE("convolutions of what is not finite, laid out otherwise or frozen") {
  for (const Way way : {Way::Usual, Way::Winograd}) {
    for (Case one : cases()) {
      const at::Tensor plain = one.run().detach().to(at::kDouble);
      one.x = one.x.detach().contiguous(at::MemoryFormat::ChannelsLast);
      CHECK(is_close(one.run(way), plain));
      {
        const at::NoGradGuard guard;
        CHECK(is_close(one.run(way), plain));
      }
      const auto of_weight = grad({one.run(way).sum()}, {one.weight});
      CHECK(of_weight[0].isfinite().all().item<bool>());
      for (const double bad : {std::nan(""), HUGE_VAL}) {
        one.x = one.x.clone();
        one.x[1][5][3][3] = bad;
        const at::Tensor made = one.run(way), theirs = one.exact(one.inputs());
        CHECK(made.isfinite().logical_not().any().item<bool>());
        CHECK(made.isnan().equal(theirs.isnan()));
        CHECK(made.isinf().equal(theirs.isinf()));
        const auto gradients = grad({made.sum()}, {one.weight}),
                   of_theirs = grad({theirs.sum()}, {one.weight});
        CHECK(gradients[0].isnan().equal(of_theirs[0].isnan()));
      }
    }
  }
}

}  // namespace fdl::testing
