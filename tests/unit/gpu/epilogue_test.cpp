#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include "lib/nn/conv_epilogue.h"
#include "lib/nn/convolve2d.h"
#include "tests/unit/exec/trained.h"
#include "tests/unit/gpu/device.h"

#undef CHECK  // libtorch's logging has one, too
#define CHECK DOCTEST_CHECK

// What follows a convolution as a few passes over memory is what libtorch's operators are in f64.
namespace fdl::testing {
namespace {

struct Case {
  std::vector<std::int64_t> shape;
  bool bias, norm, sum, relu;
  std::optional<std::array<std::int64_t, 3>> pool;  // kernel, stride, padding
};

std::vector<Case> cases() {
  using Pool = std::optional<std::array<std::int64_t, 3>>;
  std::vector<Case> out;
  for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{2, 4, 5, 7},
                                                 {3, 12, 8, 8},
                                                 {5, 64, 17, 16},
                                                 {2, 260, 9, 9},
                                                 {16, 32, 56, 56}}) {
    for (const bool norm : {false, true}) {
      for (const bool bias : {false, true}) {
        for (const bool sum : {false, true}) {
          for (const bool relu : {false, true}) {
            for (const Pool pool :
                 {Pool(), Pool({2, 2, 0}), Pool({3, 2, 1}), Pool({3, 1, 1}), Pool({2, 3, 0})})
              out.push_back({shape, bias, norm, sum, relu, pool});
          }
        }
      }
    }
  }
  return out;
}

// The tensors of a case, in f32 on the CPU, and what both ways make of them.
struct Given {
  at::Tensor x, bias, added, weight, shift, mean, variance, by;
};

struct Made {
  at::Tensor y, of_x, of_bias, of_added, of_weight, of_shift, mean, variance;
};

Given given(const Case& of) {
  const std::int64_t C = of.shape[1];
  Given out;
  // Means that are large beside the deviation cost digits where they are not taken off first.
  out.x = random_tensor(of.shape, 1) + random_tensor({1, C, 1, 1}, 2) * 20;
  out.bias = random_tensor({C}, 3);
  out.added = random_tensor(of.shape, 4);
  out.weight = random_tensor({C}, 5);
  out.shift = random_tensor({C}, 6);
  out.mean = random_tensor({C}, 7);
  out.variance = random_tensor({C}, 8).abs();
  return out;
}

Made gradients_of(const at::Tensor& y, const at::Tensor& by,
                  const std::vector<at::Tensor>& leaves) {
  y.mul(by).sum().backward();
  Made out;
  out.y = y.detach();
  at::Tensor* const places[] = {&out.of_x, &out.of_bias, &out.of_added, &out.of_weight,
                                &out.of_shift};
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (leaves[i].defined()) *places[i] = leaves[i].grad();
  }
  return out;
}

Made by_libtorch(const Case& of, const Given& from) {
  const auto exact = [](const at::Tensor& t) { return t.to(at::kDouble).clone(); };
  const at::Tensor x = exact(from.x).requires_grad_(), bias = exact(from.bias).requires_grad_(),
                   added = exact(from.added).requires_grad_(),
                   weight = exact(from.weight).requires_grad_(),
                   shift = exact(from.shift).requires_grad_();
  at::Tensor mean = exact(from.mean), variance = exact(from.variance);
  at::Tensor y = x;
  if (of.bias) y = y + bias.view({1, -1, 1, 1});
  if (of.norm) y = at::batch_norm(y, weight, shift, mean, variance, true, 0.1, 1e-5, false);
  if (of.sum) y = y + added;
  if (of.relu) y = y.relu();
  if (of.pool) {
    const auto [kernel, stride, padding] = *of.pool;
    y = at::max_pool2d(y, kernel, stride, padding);
  }
  Made out =
      gradients_of(y, exact(random_tensor(y.sizes().vec(), 9)), {x, bias, added, weight, shift});
  out.mean = mean;
  out.variance = variance;
  return out;
}

// `type`: of the images.
Made by_us(const Case& of, const Given& from, at::Device device, at::ScalarType type = at::kFloat) {
  const auto there = [&](const at::Tensor& t) {
    return t.to(device, t.scalar_type(), false, true);
  };
  const at::Tensor
      x = there(from.x).to(type).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_(),
      bias = there(from.bias).requires_grad_(), added = there(from.added).to(type).requires_grad_(),
      weight = there(from.weight).requires_grad_(), shift = there(from.shift).requires_grad_();
  const nn::Tensors own({"weight", "bias", "running_mean", "running_var", "num_batches_tracked"},
                        {weight, shift, there(from.mean), there(from.variance),
                         at::zeros({}, at::TensorOptions(at::kLong).device(device))});
  nn::ConvEpilogue after;
  catalog::BatchNormParams norm;
  catalog::MaxPool2dParams pool;
  if (of.bias) after.bias = bias;
  if (of.norm) {
    after.norm = &norm;
    after.norm_tensors = &own;
  }
  if (of.sum) after.added = added;
  after.has_relu = of.relu;
  if (of.pool) {
    pool.kernel_size = catalog::filled<2>((*of.pool)[0]);
    pool.stride = catalog::filled<2>((*of.pool)[1]);
    pool.padding = catalog::filled<2>((*of.pool)[2]);
    after.pool = &pool;
  }
  REQUIRE(nn::takes_conv_epilogue(x, after));
  const at::Tensor y = nn::conv_epilogue(x, after);
  const at::Tensor by = there(random_tensor(y.sizes().vec(), 9)).to(type);
  Made out = gradients_of(y, by, {x, bias, added, weight, shift});
  out.mean = own["running_mean"];
  out.variance = own["running_var"];
  CHECK(own["num_batches_tracked"].item<std::int64_t>() == (of.norm ? 1 : 0));
  return out;
}

// The same where few numbers may have gone another way: at a relu's kink, or to another of two
// maxima, which f64 tells apart.
double error_but_for_ties(const at::Tensor& found, const at::Tensor& exact) {
  const at::Tensor wanted = exact.cpu(), made = found.cpu().to(at::kDouble);
  const at::Tensor is_other = made.sub(wanted).abs().gt(1e-4 * wanted.abs().max().item<double>());
  constexpr double kShare = 4e-6;
  CHECK(is_other.sum().item<double>() <= 4 + kShare * static_cast<double>(made.numel()));
  return error_of(at::where(is_other, wanted, made), wanted);
}

}  // namespace

TEST_CASE("gpu: what follows a convolution is libtorch's operators one after the other") {
  FDL_NEEDS_GPU
  // Of norms: means that are 20 deviations large have lost as many last bits before.
  constexpr double kTolerance = 2e-6, kOfNorms = 2e-5;
  for (const Case& one : cases()) {
    CAPTURE(at::IntArrayRef(one.shape));
    CAPTURE(one.bias);
    CAPTURE(one.norm);
    CAPTURE(one.sum);
    CAPTURE(one.relu);
    CAPTURE((one.pool ? (*one.pool)[0] * 100 + (*one.pool)[1] * 10 + (*one.pool)[2] : 0));
    const Given from = given(one);
    const Made wanted = by_libtorch(one, from), made = by_us(one, from, *gpu());
    const double tolerance = one.norm ? kOfNorms : kTolerance;
    CHECK(error_of(made.y, wanted.y) < tolerance);
    CHECK(error_but_for_ties(made.of_x, wanted.of_x) < tolerance);
    if (one.sum) CHECK(error_but_for_ties(made.of_added, wanted.of_added) < tolerance);
    if (one.bias && !one.norm) CHECK(error_of(made.of_bias, wanted.of_bias) < tolerance);
    if (one.bias && one.norm) CHECK(made.of_bias.abs().max().item<double>() == 0);
    if (!one.norm) continue;
    CHECK(error_of(made.of_weight, wanted.of_weight) < tolerance);
    CHECK(error_of(made.of_shift, wanted.of_shift) < tolerance);
    CHECK(error_of(made.mean, wanted.mean) < kTolerance);
    CHECK(error_of(made.variance, wanted.variance) < kTolerance);
  }
}

TEST_CASE("gpu: a number that is none stays none on its way through relu and pooling") {
  FDL_NEEDS_GPU
  at::Tensor x = random_tensor({1, 4, 4, 4}, 1);
  x[0][1][2][3].fill_(std::numeric_limits<double>::quiet_NaN());
  const catalog::MaxPool2dParams pool = [] {
    catalog::MaxPool2dParams out;
    out.kernel_size = catalog::filled<2>(2);
    return out;
  }();
  nn::ConvEpilogue after;
  after.has_relu = true;
  after.pool = &pool;
  const at::Tensor y = nn::conv_epilogue(x.to(*gpu()), after);
  CHECK(is_same(y.isnan().cpu(), at::max_pool2d(x.relu(), 2).isnan()));
  CHECK(y.isnan().sum().item<std::int64_t>() == 1);
}

TEST_CASE("gpu: images of 16 bits are computed in f32 and rounded once") {
  FDL_NEEDS_GPU
  for (const at::ScalarType type : {at::kBFloat16, at::kHalf}) {
    // A half of the last bit, which all numbers of one size are off by on the average of squares.
    const double last_bit = type == at::kBFloat16 ? 0x1p-8 : 0x1p-11;
    for (const Case& one : cases()) {
      if (one.shape[0] == 16) continue;
      CAPTURE(one.norm);
      CAPTURE(one.sum);
      CAPTURE(one.relu);
      CAPTURE(one.pool.has_value());
      Given from = given(one);
      for (at::Tensor* images : {&from.x, &from.added}) *images = images->to(type).to(at::kFloat);
      const Made wanted = by_libtorch(one, from), made = by_us(one, from, *gpu(), type);
      CHECK((made.y.scalar_type() == type));
      CHECK((made.of_x.scalar_type() == type));
      CHECK(error_of(made.y, wanted.y) < last_bit);
      // What relu and pooling choose may be another where rounding makes numbers alike.
      const double most = one.relu || one.pool ? 0.2 : 2 * last_bit;
      CHECK(error_of(made.of_x, wanted.of_x) < most);
      if (one.norm) CHECK(error_of(made.mean, wanted.mean) < 2e-6);
      if (one.norm) CHECK(error_of(made.of_shift, wanted.of_shift) < most);
    }
  }
}

TEST_CASE("gpu: a fourth channel of zeros changes no convolution") {
  FDL_NEEDS_GPU
  const bool rounds = at::globalContext().allowTF32CuDNN(),
             is_deterministic = at::globalContext().deterministicCuDNN();
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setDeterministicCuDNN(true);
  const at::Tensor x = random_tensor({3, 3, 9, 8}, 1), weight = random_tensor({8, 3, 3, 3}, 2),
                   bias = random_tensor({8}, 3), by = random_tensor({3, 8, 5, 4}, 4);
  std::vector<at::Tensor> made;
  for (const at::Device device : {at::Device(at::kCPU), *gpu()}) {
    std::vector<at::Tensor> leaves;
    for (const at::Tensor& one : {x, weight, bias})
      leaves.push_back(one.to(device, at::kFloat, false, true).requires_grad_());
    const std::vector<std::int64_t> stride = {2, 2}, padding = {1, 1}, dilation = {1, 1};
    const at::Tensor y =
        nn::convolve2d(leaves[0], leaves[1], leaves[2], {stride, padding, dilation, 1, true});
    y.mul(by.to(device)).sum().backward();
    made.push_back(y.detach());
    for (const at::Tensor& leaf : leaves) made.push_back(leaf.grad());
  }
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(made[4 + i].sizes() == made[i].sizes());
    CHECK(error_of(made[4 + i], made[i]) < 2e-6);
  }
  at::globalContext().setAllowTF32CuDNN(rounds);
  at::globalContext().setDeterministicCuDNN(is_deterministic);
}

TEST_CASE("gpu: a model's blocks give what its nodes give one by one") {
  FDL_NEEDS_GPU
  const bool rounds = at::globalContext().allowTF32CuDNN();
  at::globalContext().setAllowTF32CuDNN(false);
  for (const std::string flow :
       {"[{conv2d: {out: 16, kernel: 3, padding: 1}}, batch_norm, relu, max_pool2d: 2, "
        "{conv2d: {out: 16, kernel: 3, padding: 1, bias: false}}, relu]",
        "[{conv2d: {out: 8, kernel: 1}}, {also: [{conv2d: {out: 8, kernel: 3, padding: 1}}, "
        "batch_norm, relu, {conv2d: {out: 8, kernel: 3, padding: 1}}, batch_norm]}, relu, "
        "{max_pool2d: {kernel: 3, stride: 2, padding: 1}}]",
        "[{conv2d: {out: 8, kernel: 3}}, {loop: {times: 2, body: [batch_norm: {affine: false}, "
        "relu]}}]",
        "[{flow: [{conv2d: {out: 8, kernel: 3}}, batch_norm, relu], recompute: true}]",
        "[{flow: [{conv2d: {out: 8, kernel: 3}}, batch_norm, relu, {conv2d: {out: 8, kernel: 3}}, "
        "relu], precision: bf16}]"}) {
    CAPTURE(flow);
    Model model("{inputs: {x: \"f32[3, 12, 12]\"}, flow: " + flow + "}\n");
    model.store = tensor::TensorStore(model.graph, 42, *gpu());
    const at::Tensor x = random_tensor({6, 3, 12, 12}, 5).to(*gpu());
    const Trained plain = train_once(model, {x}, {}, {.chains = false});
    model.store = tensor::TensorStore(model.graph, 42, *gpu());
    const Trained made = train_once(model, {x}, {}, {});
    const double tolerance = flow.find("bf16") == std::string::npos ? 1e-5 : 3e-2;
    CHECK(error_of(made.output, plain.output) < tolerance);
    double of_all = 0, size = 0;
    for (const auto& [path, wanted] : plain.gradients) {
      of_all += made.gradients.at(path).sub(wanted).pow(2).sum().item<double>();
      size += wanted.pow(2).sum().item<double>();
    }
    CHECK(std::sqrt(of_all) < tolerance * std::sqrt(size));
    for (const auto& [path, wanted] : plain.buffers) {
      CAPTURE(path);
      CHECK(error_of(made.buffers.at(path), wanted) < tolerance);
    }
  }
  at::globalContext().setAllowTF32CuDNN(rounds);
}

}  // namespace fdl::testing
