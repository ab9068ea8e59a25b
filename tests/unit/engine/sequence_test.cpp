#include <cmath>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <doctest/doctest.h>

#include "tests/unit/engine/support.h"

// Recurrent layers over sequences of several lengths. Parity files hold whole sequences, and
// lengths from 1, to PyTorch; a length of 0, which PyTorch refuses, is held here.
namespace fdl::testing {
namespace {

constexpr double kRounding = 1e-12;  // of double, in other orders of summation
constexpr std::int64_t kPositions = 5;

struct Layer {
  BoundModule module;
  nn::Tensors own;
  std::vector<at::Tensor> starts;

  nn::Outputs run(const at::Tensor& x, const std::vector<at::Tensor>& from,
                  const at::Tensor& lengths) const {
    std::vector<at::Tensor> inputs = {x};
    inputs.insert(inputs.end(), from.begin(), from.end());
    inputs.push_back(lengths);
    nn::StepContext context;
    return nn::find_forward(module.spec->name())(module.params.get(), own, inputs, context);
  }
};

Layer make_layer(const std::string& kind, const at::Tensor& x) {
  const config::Node params = yaml("{ hidden_size: 2, num_layers: 2, bidirectional: true }");
  std::vector<at::Tensor> inputs = {x};
  inputs.resize(catalog::find_module(kind)->inputs.size());
  const auto module = bind_module(kind, params, types_of(inputs));
  REQUIRE(module.has_value());
  REQUIRE(module->outputs.has_value());
  std::vector<std::string> names;
  std::vector<at::Tensor> values;
  for (const auto& [name, shape] : module->owned()) {
    names.push_back(name);
    values.push_back(random_tensor(shape, 20 + values.size(), at::kDouble));
  }
  Layer out{*module, {names, values}, {}};
  for (std::size_t i = 1; i < module->outputs->size(); ++i)
    out.starts.push_back(random_tensor({x.size(0), 4, 2}, 40 + i, at::kDouble));
  return out;
}

at::Tensor lengths_of(const std::vector<std::int64_t>& lengths) {
  return at::tensor(at::ArrayRef<std::int64_t>(lengths));
}

}  // namespace

TEST_CASE("each sequence of a batch is computed as if it were alone and ended where it ends") {
  const at::NoGradGuard no_grad;
  const at::Tensor lengths = lengths_of({3, 0, kPositions, 1});
  const at::Tensor x = random_tensor({4, kPositions, 3}, 1, at::kDouble);
  for (const std::string kind : {"rnn", "gru", "lstm"}) {
    CAPTURE(kind);
    const Layer layer = make_layer(kind, x);
    const nn::Outputs together = layer.run(x, layer.starts, lengths);
    for (std::int64_t row = 0; row < 4; ++row) {
      CAPTURE(row);
      const auto length = lengths[row].item<std::int64_t>();
      std::vector<at::Tensor> starts;
      for (const at::Tensor& state : layer.starts) starts.push_back(state.narrow(0, row, 1));
      nn::Outputs alone = {x.new_zeros({1, 0, 4})};
      alone.insert(alone.end(), starts.begin(), starts.end());
      if (length > 0) alone = layer.run(x.narrow(0, row, 1).narrow(1, 0, length), starts, {});
      const at::Tensor output = together[0].narrow(0, row, 1);
      CHECK(is_close(output.narrow(1, 0, length), alone[0], kRounding));
      CHECK(output.narrow(1, length, kPositions - length).count_nonzero().item<int>() == 0);
      for (std::size_t i = 1; i < alone.size(); ++i)
        CHECK(is_close(together[i].narrow(0, row, 1), alone[i], kRounding));
    }
  }
}

TEST_CASE("full lengths change nothing, and more than the sequence has counts as all") {
  const at::NoGradGuard no_grad;
  const at::Tensor x = random_tensor({2, kPositions, 3}, 2, at::kDouble);
  const Layer layer = make_layer("gru", x);
  const nn::Outputs plain = layer.run(x, layer.starts, {});
  const nn::Outputs full = layer.run(x, layer.starts, lengths_of({kPositions, kPositions + 7}));
  for (std::size_t i = 0; i < plain.size(); ++i) CHECK(is_close(full[i], plain[i], kRounding));
}

// A named axis has no length when the manifest is checked.
TEST_CASE("a batch longer than the table of positions is refused in words") {
  const auto module =
      bind_module("learned_positions", yaml("max: 4"), {type_of(at::ones({2, 3, 6}))});
  REQUIRE(module.has_value());
  nn::StepContext context;
  const nn::Tensors own({"weight"}, {at::ones({4, 6})});
  const auto run = [&](std::int64_t length) {
    return nn::find_forward("learned_positions")(module->params.get(), own,
                                                 {at::ones({2, length, 6})}, context);
  };
  CHECK(run(4).front().mean().item<double>() == 2);
  try {
    run(5);
    FAIL("it took 5 positions");
  } catch (const std::exception& thrown) {
    CHECK(std::string(thrown.what()).find("vectors for 4 positions") != std::string::npos);
  }
}

TEST_CASE("modules over sequences start as PyTorch's do") {
  const graph::Graph graph = build(
      "inputs: { x: \"f32[5, 8]\" }\n"
      "flow:\n"
      "  - { name: lstm, lstm: { hidden: 4, proj_size: 2, layers: 2 } }\n"
      "  - { name: attention, multihead_attention: 1 }\n"
      "  - { name: layer, transformer_encoder_layer: { heads: 1, hidden: 3 } }\n");
  std::map<std::string, catalog::Init> found;
  for (const graph::OwnedTensor& tensor : graph.tensors) found[tensor.path] = tensor.init;
  const auto uniform = [](double bound) {
    return catalog::Init{catalog::Init::Kind::Uniform, -bound, bound, -1};
  };
  const auto constant = [](double value) {
    return catalog::Init{catalog::Init::Kind::Constant, value, 0, -1};
  };
  for (const char* name : {"weight_ih_l0", "weight_hr_l0", "bias_hh_l1"}) {
    CAPTURE(name);
    CHECK((found[std::string("lstm.") + name] == uniform(0.5)));  // 1 / sqrt(4)
  }
  // Of [6, 2]: 6 rows of in_proj are one matrix to xavier_uniform.
  CHECK((found["attention.in_proj_weight"] == uniform(std::sqrt(6.0 / 8))));
  CHECK((found["attention.in_proj_bias"] == constant(0)));
  CHECK((found["attention.out_proj.weight"] == uniform(1 / std::sqrt(2.0))));
  CHECK((found["attention.out_proj.bias"] == constant(0)));
  CHECK((found["layer.linear2.bias"] == uniform(1 / std::sqrt(3.0))));
  CHECK((found["layer.norm2.weight"] == constant(1)));
}

}  // namespace fdl::testing
