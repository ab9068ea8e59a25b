#include <cmath>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "lib/kernels/tiles.h"
#include "lib/nn/tile_convolution.h"

namespace fdl::testing {
namespace {

// Sizes that go to tiles, where the CPU has them.
struct Case {
  bool is_back;
  std::int64_t kernel, stride, padding, output_padding;
  at::Tensor x, weight, bias;

  Case(bool back, std::int64_t kernel_size, std::int64_t step, std::int64_t pad, std::int64_t more)
      : is_back(back),
        kernel(kernel_size),
        stride(step),
        padding(pad),
        output_padding(more),
        x(at::randn({2, 128, 18, 64}).requires_grad_()),
        weight(at::randn({back ? 128 : 96, back ? 96 : 128, kernel_size, kernel_size}, at::kFloat)
                   .mul(0.05)
                   .requires_grad_()),
        bias(at::randn({96}).requires_grad_()) {}

  at::Tensor run() const {
    const std::vector<std::int64_t> steps = {stride, stride}, pads = {padding, padding},
                                    more = {output_padding, output_padding}, one = {1, 1};
    return is_back ? nn::convolve2d_back(x, weight, bias, {steps, pads, one}, more)
                   : nn::convolve2d(x, weight, bias, {steps, pads, one});
  }
  // libtorch's, of the type of its inputs.
  at::Tensor exact(const std::vector<at::Tensor>& in) const {
    if (is_back) return at::conv_transpose2d(in[0], in[1], in[2], stride, padding, output_padding);
    return at::conv2d(in[0], in[1], in[2], stride, padding);
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

}  // namespace

TEST_CASE("convolutions on tiles and their gradients are libtorch's") {
  for (const Case& one : cases()) {
    CAPTURE(one.is_back);
    CAPTURE(one.kernel);
    CAPTURE(one.stride);
    const at::Tensor made = one.run();
    const std::vector<at::Tensor> in = one.doubles();
    const at::Tensor exact = one.exact(in), by = at::randn_like(made);
    CHECK(is_close(made, exact));
    if (kernels::tile_functions() != nullptr) CHECK(!made.equal(one.exact(one.inputs())));
    const auto gradients = grad({made}, one.inputs(), {by});
    const auto theirs = grad({exact}, in, {by.to(at::kDouble)});
    for (std::size_t i = 0; i < theirs.size(); ++i) CHECK(is_close(gradients[i], theirs[i]));
  }
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
    const auto made = twice(one.run(), one.inputs()), exact = twice(one.exact(in), in);
    for (std::size_t i = 0; i < exact.size(); ++i) CHECK(is_close(made[i], exact[i]));
  }
}

TEST_CASE("convolutions of what is not finite, laid out otherwise or frozen") {
  for (Case one : cases()) {
    const at::Tensor plain = one.run().detach().to(at::kDouble);
    one.x = one.x.detach().contiguous(at::MemoryFormat::ChannelsLast);
    CHECK(is_close(one.run(), plain));
    {
      const at::NoGradGuard guard;
      CHECK(is_close(one.run(), plain));
    }
    const auto of_weight = grad({one.run().sum()}, {one.weight});
    CHECK(of_weight[0].isfinite().all().item<bool>());
    one.x = one.x.clone();
    one.x[1][5][3][3] = std::nan("");
    const at::Tensor made = one.run();
    CHECK(made.isnan().equal(one.exact(one.inputs()).isnan()));
    CHECK(made.isnan().any().item<bool>());
  }
}

}  // namespace fdl::testing
