#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include "lib/cuda/backend.h"
#include "lib/nn/gpu_softmax_loss.h"
#include "lib/tensor/noise.h"
#include "tests/unit/engine/support.h"
#include "tests/unit/gpu/device.h"

#undef CHECK  // libtorch's logging has one, too
#define CHECK DOCTEST_CHECK

// Kernels of our own on a GPU, beside libtorch's and those of the CPU.
namespace fdl::testing {

TEST_CASE("gpu: masks of dropout have the bits of the CPU's") {
  FDL_NEEDS_GPU
  for (const std::vector<std::int64_t>& shape :
       {std::vector<std::int64_t>{1, 1}, {3, 5}, {7, 64}, {4, 3, 65}, {33, 1000}}) {
    for (const double p : {0.0, 0.1, 0.5, 0.999}) {
      tensor::StepKey key{tensor::StreamKey(42, tensor::Purpose::Dropout).with("a.b")};
      key.step = 17;
      key.micro_batch = 2;
      key.loop_turn = 3;
      if (p == 0.5) key.place = 4;
      const tensor::Lanes follow(5);
      const std::vector<std::int64_t> places = {9, 0, 4, 1, 7, 3, 2};
      for (const tensor::Lanes& lanes :
           {follow,
            shape[0] <= 7 ? tensor::Lanes(0).at({places.data(), std::size_t(shape[0])}) : follow}) {
        const at::Tensor here = at::empty(shape, at::kFloat);
        const at::Tensor there = at::full(shape, -1, here.options().device(*gpu()));
        tensor::fill_dropout_mask(here, key, p, lanes);
        tensor::fill_dropout_mask(there, key, p, lanes);
        CHECK(is_same(there.cpu(), here));
        // The step's number may only be known there.
        const at::Tensor step = at::full({}, 17, at::TensorOptions(at::kLong).device(*gpu()));
        tensor::StepKey later = key;
        later.step = 0;
        later.step_on_device = step.const_data_ptr<std::int64_t>();
        there.fill_(-1);
        tensor::fill_dropout_mask(there, later, p, lanes);
        CHECK(is_same(there.cpu(), here));
      }
    }
  }
}

TEST_CASE("gpu: noise has the numbers of the CPU's") {
  FDL_NEEDS_GPU
  for (const tensor::Noise noise :
       {tensor::Noise::Normal, tensor::Noise::Gumbel, tensor::Noise::Uniform}) {
    for (const std::vector<std::int64_t>& shape :
         {std::vector<std::int64_t>{1, 1}, {3, 5}, {4, 3, 65}, {33, 1000}}) {
      tensor::StepKey key{tensor::StreamKey(42, tensor::Purpose::Routing).with("a.b")};
      key.step = 17;
      const at::Tensor here = at::empty(shape, at::kDouble);
      const at::Tensor there = at::full(shape, -1, here.options().device(*gpu()));
      tensor::fill_noise(here, noise, key, tensor::Lanes(5));
      const at::Tensor step = at::full({}, 17, at::TensorOptions(at::kLong).device(*gpu()));
      key.step = 0;
      key.step_on_device = step.const_data_ptr<std::int64_t>();
      tensor::fill_noise(there, noise, key, tensor::Lanes(5));
      CHECK(error_of(there, here) < 1e-14);
    }
  }
}

TEST_CASE("gpu: cross entropy in three kernels is libtorch's") {
  FDL_NEEDS_GPU
  for (const std::int64_t rows : {1, 3, 70, 300}) {
    for (const std::int64_t classes : {1, 2, 10, 33, 1000, 1025, 5000}) {
      for (const double smoothing : {0.0, 0.1}) {
        for (const bool is_mean : {true, false}) {
          CAPTURE(rows);
          CAPTURE(classes);
          const at::Tensor values = (random_tensor({rows, classes}, 3) * 4).detach();
          const at::Tensor truth = at::arange(rows).remainder(classes);
          const std::int64_t ignored = rows == 70 ? 1 : -100;
          const at::Tensor exact = values.to(at::kDouble).requires_grad_();
          const at::Tensor wanted = at::cross_entropy_loss(
              exact, truth, {}, is_mean ? at::Reduction::Mean : at::Reduction::Sum, ignored,
              smoothing);
          const at::Tensor scores = values.to(*gpu()).requires_grad_();
          REQUIRE(nn::takes_gpu_softmax_loss(scores, truth.to(*gpu())));
          const nn::GpuSoftmaxLoss made =
              nn::gpu_softmax_loss(scores, truth.to(*gpu()), ignored, smoothing, is_mean);
          CHECK(made.num_targets.item<double>() == truth.ne(ignored).sum().item<double>());
          constexpr double kTolerance = 2e-6;
          if (classes == 1) {  // the loss is 0
            CHECK(std::abs(made.value.item<double>()) < kTolerance);
            continue;
          }
          CHECK(error_of(made.value.detach(), wanted.detach()) < kTolerance);
          (wanted * 2).backward();
          (made.value * 2).backward();
          CHECK(error_of(scores.grad(), exact.grad()) < kTolerance);
        }
      }
    }
  }
  const at::Tensor scores = random_tensor({4, 10}, 1).to(*gpu());
  const at::Tensor truth = at::full({4}, 10, at::TensorOptions(at::kLong).device(*gpu()));
  CHECK(std::isnan(nn::gpu_softmax_loss(scores, truth, -100, 0, true).value.item<double>()));
}

TEST_CASE("gpu: what is not finite is found wherever it is") {
  FDL_NEEDS_GPU
  const auto there = at::TensorOptions(at::kFloat).device(*gpu());
  cuda::Backend::StepScalars s;
  s.lr_here = at::full({}, 0.25, at::TensorOptions(at::kFloat).pinned_memory(true));
  s.scale_here = at::full({}, 1024, s.lr_here.options().pinned_memory(true));
  s.step_here = at::full({}, 7, at::TensorOptions(at::kLong).pinned_memory(true));
  for (at::Tensor* one : {&s.lr, &s.scale, &s.skips, &s.counts}) *one = at::full({}, -1, there);
  s.step = at::zeros({}, there.dtype(at::kLong));
  std::vector<at::Tensor> tensors;
  for (int i = 0; i < 400; ++i) tensors.push_back(at::ones({i % 7 + 1}, there));
  tensors.push_back(at::ones({100'003}, there));
  const auto skips = [&] {
    cuda::backend().start_step(s);
    cuda::backend().find_not_finite(tensors, s);
    CHECK(s.counts.item<float>() == 1 - s.skips.item<float>());
    return s.skips.item<float>();
  };
  CHECK(skips() == 0);
  CHECK(s.lr.item<float>() == 0.25);
  CHECK(s.scale.item<float>() == 1024);
  CHECK(s.step.item<std::int64_t>() == 7);
  const std::pair<std::size_t, std::int64_t> places[] = {{0, 0},   {159, 3}, {160, 0},
                                                         {399, 0}, {400, 0}, {400, 100'002}};
  for (const auto& [tensor, at] : places) {
    for (const double bad : {std::numeric_limits<double>::infinity(), std::nan("")}) {
      tensors[tensor][at].fill_(bad);
      CHECK(skips() == 1);
      tensors[tensor][at].fill_(1);
    }
  }
  CHECK(skips() == 0);
}

TEST_CASE("gpu: pieces of memory are copied, whatever they are and however many") {
  FDL_NEEDS_GPU
  std::vector<at::Tensor> from, to;
  const at::Tensor bytes = at::arange(3000, at::TensorOptions(*gpu())).to(at::kByte);
  for (std::int64_t i = 0; i < 300; ++i) from.push_back(bytes.narrow(0, i, 7 * i));
  from.push_back(random_tensor({100'003}, 1).to(*gpu()));
  from.push_back(at::full({}, 42, at::TensorOptions(at::kLong).device(*gpu())));
  for (const at::Tensor& one : from) to.push_back(at::zeros_like(one));
  cuda::backend().copy(from, to);
  for (std::size_t i = 0; i < from.size(); ++i) CHECK(is_same(to[i].cpu(), from[i].cpu()));
}

TEST_CASE("gpu: numbers are written to the CPU, whatever they are and however many") {
  FDL_NEEDS_GPU
  const auto there = at::TensorOptions(*gpu());
  std::vector<at::Tensor> scalars;
  for (int i = 0; i < 70; ++i) {
    const at::ScalarType dtype = i % 3 == 0 ? at::kFloat : i % 3 == 1 ? at::kDouble : at::kLong;
    scalars.push_back(at::full({}, i, there.dtype(dtype)));
  }
  const at::Tensor out = at::zeros({70}, at::TensorOptions(at::kDouble).pinned_memory(true));
  cuda::backend().write_numbers(scalars, out);
  cuda::backend().wait();
  CHECK(is_same(out.clone(), at::arange(70).to(at::kDouble)));
}

namespace {

struct Shape {
  std::int64_t M, N, K;
};
constexpr Shape kShapes[] = {{4096, 2048, 512}, {256, 2048, 2048},  {2048, 2048, 256},
                             {512, 8192, 4096}, {1024, 1024, 1024}, {8, 4096, 4096},
                             {4097, 1023, 509}, {4096, 512, 8192},  {2048, 512, 4096}};

// Of both operands as they lie, and turned.
std::vector<double> errors_of_products(const Shape& shape) {
  const at::Tensor a = random_tensor({shape.M, shape.K}, 1).to(*gpu()),
                   b = random_tensor({shape.K, shape.N}, 2).to(*gpu()),
                   bias = random_tensor({shape.N}, 3).to(*gpu());
  const at::Tensor exact = a.to(at::kDouble).mm(b.to(at::kDouble));
  const at::Tensor turned_a = a.t().contiguous().t(), turned_b = b.t().contiguous().t();
  std::vector<double> out;
  for (const at::Tensor& left : {a, turned_a}) {
    for (const at::Tensor& right : {b, turned_b}) {
      out.push_back(error_of(left.mm(right), exact));
      out.push_back(error_of(at::addmm(bias, left, right), exact + bias));
    }
  }
  // Numbers of very different sizes.
  const at::Tensor sizes = at::exp(a * 10);
  out.push_back(error_of(sizes.mm(b), sizes.to(at::kDouble).mm(b.to(at::kDouble))));
  return out;
}

}  // namespace

// Data-centre GPUs take such products with three parts of bf16 for each number; all GPUs give them.
TEST_CASE("gpu: large products are as exact as libtorch's in f32, whichever way they lie") {
  FDL_NEEDS_GPU
  // Either adds up in an order of its own, by shape: neither is always ahead.
  constexpr double kTimes = 1.5, kLeast = 1.2e-7;  // a last bit of f32
  std::vector<std::vector<double>> plain;
  for (const Shape& shape : kShapes) plain.push_back(errors_of_products(shape));
  cuda::backend().take_products();
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const std::vector<double> found = errors_of_products(kShapes[i]);
    for (std::size_t k = 0; k < found.size(); ++k) {
      CAPTURE(kShapes[i].M);
      CAPTURE(k);
      CHECK(found[k] < std::max(kLeast, kTimes * plain[i][k]));
    }
    MESSAGE(kShapes[i].M, " ", kShapes[i].N, " ", kShapes[i].K, ": off by ", found[0], " and ",
            found.back(), ", plain ", plain[i][0], " and ", plain[i].back());
  }
  at::Tensor odd = random_tensor({2048, 2048}, 5).to(*gpu());
  odd[0][0].fill_(std::numeric_limits<double>::infinity());
  odd[1][1].fill_(std::nan(""));
  const at::Tensor made = odd.mm(odd);
  CHECK(!at::isfinite(made[0]).any().item<bool>());
  CHECK(made[1].isnan().all().item<bool>());
  CHECK(at::isfinite(made.narrow(0, 2, 100).narrow(1, 2, 100)).all().item<bool>());
}

}  // namespace fdl::testing
