#include <cmath>
#include <limits>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/lstm.h>
#include <ATen/ops/where.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>

#include "lib/nn/gates.h"
#include "tests/unit/engine/support.h"

// The fused recurrent layers against libtorch's operators, which compute the same modules in f64.
namespace fdl::testing {
namespace {

// Gradients are sums over steps and rows, and of one unit's few numbers most may cancel.
constexpr double kOfGradients = 4e-6;
// Gradients of gradients go through libtorch in f32 too, and round at each of their many products.
constexpr double kOfSecond = 1e-5;

struct Sizes {
  std::int64_t B = 3, T = 4, I = 5, H = 7;
};

struct Case {
  std::string kind, params;
  Sizes sizes;
  bool has_starts = false;
};

// One module with its inputs and tensors as leaves.
struct Setup {
  BoundModule module;
  nn::Tensors own;
  std::vector<at::Tensor> inputs, leaves;

  nn::Outputs run(bool training = true, bool fuses = true) const {
    nn::StepContext context;
    context.training = training;
    context.fuses_recurrent = fuses;
    context.seed = 9;
    return nn::find_forward(module.spec->name())(module.params.get(), own, inputs, context);
  }
};

at::Tensor leaf(const at::Tensor& t) { return t.detach().requires_grad_(); }

Setup set_up(const Case& of, at::ScalarType dtype, const at::Tensor& x_BTI) {
  std::vector<at::Tensor> inputs = {x_BTI};
  inputs.resize(catalog::find_module(of.kind)->inputs.size());
  const std::string text = "{ hidden_size: " + std::to_string(of.sizes.H) + of.params + " }";
  auto module = bind_module(of.kind, yaml(text), types_of(inputs));
  REQUIRE(module.has_value());
  REQUIRE(module->outputs.has_value());
  Setup out{*module, {}, {}, {}};
  std::vector<std::string> names;
  // No larger than layers start with, or each step multiplies what the one before rounded.
  const double scale = 0.5 / std::sqrt(static_cast<double>(of.sizes.H));
  for (const auto& [name, shape] : module->owned()) {
    names.push_back(name);
    out.leaves.push_back(leaf(random_tensor(shape, 20 + names.size()).mul(scale).to(dtype)));
  }
  out.own = nn::Tensors(names, out.leaves);
  inputs[0] = x_BTI.to(dtype);
  const bool has_bias = of.params.find("bias") == std::string::npos;
  const auto num_states = static_cast<std::int64_t>(names.size()) / (has_bias ? 4 : 2);
  for (std::size_t i = 1; i + 1 < inputs.size() && of.has_starts; ++i)
    inputs[i] = random_tensor({of.sizes.B, num_states, of.sizes.H}, 40 + i).to(dtype);
  for (at::Tensor& input : inputs) {
    if (!input.defined()) continue;
    input = leaf(input);
    out.leaves.push_back(input);
  }
  out.inputs = inputs;
  return out;
}

at::Tensor input_of(const Sizes& s) { return random_tensor({s.B, s.T, s.I}, 1); }

// Of a sum in which each output counts with its own weight.
std::vector<at::Tensor> gradients_of(const nn::Outputs& outputs,
                                     const std::vector<at::Tensor>& leaves, bool again = false) {
  std::vector<at::Tensor> by;
  for (const at::Tensor& output : outputs)
    by.push_back(random_tensor(output.sizes().vec(), 60 + by.size()).to(output.scalar_type()));
  return torch::autograd::grad(outputs, leaves, by, /*retain_graph=*/again,
                               /*create_graph=*/again, /*allow_unused=*/true);
}

void check_same(const std::vector<at::Tensor>& fused, const std::vector<at::Tensor>& plain,
                double tolerance = kParity) {
  REQUIRE(fused.size() == plain.size());
  for (std::size_t i = 0; i < fused.size(); ++i) {
    CAPTURE(i);
    CHECK(is_close(fused[i].to(at::kDouble), plain[i], tolerance));
  }
}

void check_case(const Case& of) {
  CAPTURE(of.kind);
  CAPTURE(of.params);
  CAPTURE(of.sizes.H);
  CAPTURE(of.sizes.B);
  CAPTURE(of.sizes.T);
  CAPTURE(of.has_starts);
  const at::Tensor x = input_of(of.sizes);
  const Setup fused = set_up(of, at::kFloat, x), plain = set_up(of, at::kDouble, x);
  const nn::Outputs got = fused.run(), expected = plain.run();
  check_same(got, expected);
  check_same(gradients_of(got, fused.leaves), gradients_of(expected, plain.leaves), kOfGradients);
  const at::NoGradGuard no_grad;
  check_same(fused.run(false), plain.run(false));
}

const std::vector<std::pair<std::string, std::string>> kKinds = {
    {"rnn", ""}, {"rnn", ", nonlinearity: relu"}, {"gru", ""}, {"lstm", ""}};

}  // namespace

TEST_CASE("fused recurrent layers give what libtorch's give, and its gradients") {
  for (const auto& [kind, more] : kKinds) {
    for (const std::int64_t H : {1, 7, 33}) {
      for (const std::int64_t B : {1, 3}) {
        for (const std::int64_t T : {1, 4}) {
          for (const bool has_starts : {false, true})
            check_case({kind, more, {B, T, 5, H}, has_starts});
        }
      }
    }
    check_case({kind, more + ", num_layers: 2, bidirectional: true", {3, 4, 5, 7}, true});
    check_case({kind, more + ", num_layers: 3, dropout: 0.4", {3, 4, 5, 7}, true});
    check_case({kind, more + ", bias: false", {3, 4, 5, 7}, true});
    // Enough rows for each thread to have some of its own, and weights put in order for them.
    check_case({kind, more + ", bidirectional: true", {71, 6, 5, 33}, true});
    check_case({kind, more, {20, 6, 1, 19}, false});
  }
}

TEST_CASE("where they may not fuse, layers have the bits of libtorch's operator") {
  const Sizes sizes{3, 4, 5, 7};
  const Setup made = set_up({"lstm", "", sizes, true}, at::kFloat, input_of(sizes));
  const auto [output, h, c] = at::lstm(
      made.inputs[0],
      {made.inputs[1].transpose(0, 1).contiguous(), made.inputs[2].transpose(0, 1).contiguous()},
      {made.own["weight_ih_l0"], made.own["weight_hh_l0"], made.own["bias_ih_l0"],
       made.own["bias_hh_l0"]},
      /*has_biases=*/true, /*num_layers=*/1, /*dropout=*/0, /*train=*/true,
      /*bidirectional=*/false, /*batch_first=*/true);
  const nn::Outputs plain = made.run(true, false), fused = made.run(true, true);
  CHECK(is_same(plain[0], output));
  CHECK(is_same(plain[1], h.transpose(0, 1)));
  CHECK(is_same(plain[2], c.transpose(0, 1)));
  const auto of_plain = gradients_of(plain, made.leaves);
  const auto of_operator =
      gradients_of({output, h.transpose(0, 1), c.transpose(0, 1)}, made.leaves);
  for (std::size_t i = 0; i < of_plain.size(); ++i) CHECK(is_same(of_plain[i], of_operator[i]));
  CHECK(is_close(fused[0], output, kParity));
}

TEST_CASE("each layer in f32 on the CPU is one function of autograd") {
  for (const auto& [kind, more] : kKinds) {
    const Setup fused = set_up({kind, more, {}}, at::kFloat, input_of({}));
    const auto outer = fused.run().front().grad_fn();
    CHECK(outer->next_edge(0).function->name().find("FusedSequence") != std::string::npos);
  }
}

TEST_CASE("a recurrent layer's bits depend on its inputs alone") {
  for (const auto& [kind, more] : kKinds) {
    CAPTURE(kind);
    const Case of = {kind, more + ", num_layers: 2", {70, 5, 3, 18}, true};
    const at::Tensor x = input_of(of.sizes);
    // Of the same numbers in another order of memory.
    const at::Tensor turned = x.transpose(0, 2).contiguous().transpose(0, 2);
    REQUIRE(!turned.is_contiguous());
    const Setup first = set_up(of, at::kFloat, x), second = set_up(of, at::kFloat, turned);
    const nn::Outputs a = first.run(), b = second.run();
    const auto by_a = gradients_of(a, first.leaves), by_b = gradients_of(b, second.leaves);
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(at::equal(a[i], b[i]));
    for (std::size_t i = 0; i < by_a.size(); ++i) CHECK(at::equal(by_a[i], by_b[i]));
    const at::NoGradGuard no_grad;
    const nn::Outputs without = first.run();
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(at::equal(a[i], without[i]));
  }
}

TEST_CASE("a kept graph gives the same gradients again, and gradients of gradients") {
  for (const auto& [kind, more] : kKinds) {
    CAPTURE(kind);
    const Case of = {kind, more + ", bidirectional: true", {}, true};
    std::vector<std::vector<at::Tensor>> second;
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
      const Setup setup = set_up(of, dtype, input_of({}));
      const nn::Outputs outputs = setup.run();
      const at::Tensor loss = outputs.front().square().sum();
      const auto take = [&] {
        return torch::autograd::grad({loss}, setup.leaves, {}, true, false, true);
      };
      const auto once = take(), twice = take();
      for (std::size_t i = 0; i < once.size(); ++i) {
        REQUIRE(once[i].defined());
        CHECK(at::equal(once[i], twice[i]));
      }
      const auto slopes = torch::autograd::grad({loss}, setup.leaves, {}, true, true, true);
      at::Tensor norm = slopes.front().square().sum();
      for (std::size_t i = 1; i < slopes.size(); ++i) norm = norm.add(slopes[i].square().sum());
      second.push_back(torch::autograd::grad({norm}, setup.leaves, {}, false, false, true));
    }
    check_same(second[0], second[1], kOfSecond);
  }
}

TEST_CASE("numbers that are none, without end or next to nothing pass through as in libtorch") {
  const float nan = std::nanf(""), inf = std::numeric_limits<float>::infinity();
  for (const auto& [kind, more] : kKinds) {
    CAPTURE(kind);
    for (const float odd : {nan, inf, -inf, 1e-40F, 1e30F, -1e30F}) {
      CAPTURE(odd);
      const Case of = {kind, more, {3, 4, 5, 33}};
      at::Tensor x = input_of(of.sizes);
      x[1][2][3] = odd;
      const Setup fused = set_up(of, at::kFloat, x), plain = set_up(of, at::kDouble, x);
      const nn::Outputs got = fused.run(), expected = plain.run();
      for (std::size_t i = 0; i < got.size(); ++i) {
        const at::Tensor none = at::isnan(expected[i]);
        CHECK(at::equal(at::isnan(got[i]), none));
        // A relu's values may be as large as its input; the others' rows stand side by side.
        const auto finite = [&](const at::Tensor& t) {
          return t.detach().to(at::kDouble).masked_fill(none, 0).nan_to_num(0, 1, -1).select(0, 0);
        };
        CHECK(is_close(finite(got[i]), finite(expected[i]), kParity));
        const auto odd_row = [&](const at::Tensor& t) {
          return t.detach().to(at::kDouble).masked_fill(none, 0).nan_to_num(0, 1, -1).select(0, 1);
        };
        CHECK(is_close(odd_row(got[i]), odd_row(expected[i]), kParity));
      }
    }
  }
}

// Sums across which exponents, rounding and both forms of tanh are met.
TEST_CASE("the passes for each kind of CPU agree with the formulas in double") {
  std::vector<float> sums;
  for (int i = -4000; i <= 4000; ++i) sums.push_back(static_cast<float>(i) * 0.0251F);
  for (const float tiny : {1e-3F, 1e-6F, 1e-20F, 1e-40F, 0.0F, -0.0F}) sums.push_back(tiny);
  const auto H = static_cast<std::int64_t>(sums.size());
  for (const nn::CpuKind cpu : kernels::cpu_kinds()) {
    CAPTURE(kernels::name_of(cpu));
    std::vector<float> h = sums, bias(sums.size(), 0), gates(4 * sums.size(), 0), c(sums.size()),
                       ones(sums.size(), 1), out(sums.size());
    nn::Position p;
    p.bias = bias.data();
    p.h = {h.data(), H};
    nn::gate_kernel(nn::GateKind::Tanh, cpu).forward({1, H, 0, H}, p);
    const std::vector<float> no_bias(4 * sums.size(), 0);
    std::copy(sums.begin(), sums.end(), gates.begin() + H);  // the forget gate, over states of 1
    p.bias = no_bias.data();
    p.gates = {gates.data(), 4 * H};
    p.c_before = {ones.data(), H};
    p.c = {c.data(), H};
    p.h = {out.data(), H};
    nn::gate_kernel(nn::GateKind::Lstm, cpu).forward({1, H, 0, H}, p);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      CAPTURE(sums[i]);
      const double x = sums[i], tanh = std::tanh(x), sigmoid = 1 / (1 + std::exp(-x));
      CHECK(std::abs(h[i] - tanh) <= 2e-7 * std::abs(tanh) + 1e-44);
      CHECK(std::abs(gates[static_cast<std::size_t>(H) + i] - sigmoid) <= 2e-7 * sigmoid + 5e-39);
    }
  }
}

}  // namespace fdl::testing
