#include <algorithm>

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/tensor.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "lib/tensor/dtype.h"
#include "tests/unit/exec/trained.h"

// `precision` against the same casts written by hand, and over the whole catalogue.
namespace fdl::testing {
namespace {

using catalog::DType;

at::Tensor leaf(const Model& model, const std::string& path) {
  for (const auto& t : model.store.parameters()) {
    if (t.name == path) return t.value;
  }
  FAIL(path);
  return {};
}

DType computed_in(const catalog::ModuleSpec& spec, DType precision) {
  const bool is_half = precision == DType::F16 || precision == DType::BF16;
  return spec.updates_buffers() || (spec.full_precision && is_half) ? DType::F32 : precision;
}

std::string text_of(const std::vector<catalog::TensorType>& types) {
  std::string out;
  for (const catalog::TensorType& type : types) out += catalog::to_string(type) + " ";
  return out;
}

// The module's example with floating-point numbers in that dtype, forward and backward.
std::vector<catalog::TensorType> measure(const Example& example, at::ScalarType dtype) {
  std::vector<std::string> names;
  std::vector<at::Tensor> values, inputs, leaves;
  const auto take = [&](const at::Tensor& x, bool trained) {
    if (!x.defined() || !x.is_floating_point()) return x;
    const at::Tensor out = x.to(dtype).requires_grad_(trained);
    if (trained) leaves.push_back(out);
    return out;
  };
  for (const auto& spec : example.module.spec->owned(example.module.params.get())) {
    names.push_back(spec.name);
    values.push_back(take(random_tensor(example.module.owned().at(spec.name), values.size())
                              .abs()
                              .to(tensor::scalar_type(spec.dtype)),
                          !spec.is_buffer));
  }
  for (const at::Tensor& input : example.inputs) inputs.push_back(take(input, true));
  nn::StepContext context;
  context.training = true;
  context.node_path = "node";
  const nn::Outputs out = nn::find_forward(example.module.spec->name())(
      example.module.params.get(), {names, values}, inputs, context);
  at::Tensor sum;
  for (const at::Tensor& one : out) {
    if (one.requires_grad()) sum = sum.defined() ? sum.add(one.sum()) : one.sum();
  }
  if (sum.defined())
    (void)torch::autograd::grad({sum}, leaves, {}, /*retain_graph=*/false, /*create_graph=*/false,
                                /*allow_unused=*/true);
  return types_of(out);
}

}  // namespace

TEST_CASE("each module computes in each precision, and its rule knows the dtypes") {
  for (const std::string& name : catalog::module_names()) {
    const Example example = example_of(name);
    for (const DType precision : {DType::BF16, DType::F16, DType::F64}) {
      CAPTURE(name);
      CAPTURE(catalog::to_string(precision));
      const DType dtype = computed_in(*example.module.spec, precision);
      std::vector<catalog::TensorType> inputs = types_of(example.inputs);
      for (catalog::TensorType& type : inputs) {
        if (catalog::is_floating(type.dtype)) type.dtype = dtype;
      }
      const auto predicted = example.module.spec->infer(example.module.params.get(), inputs);
      REQUIRE(predicted.has_value());
      const bool by_parameters =  // as embeddings of integers do
          std::none_of(inputs.begin(), inputs.end(),
                       [](const auto& type) { return catalog::is_floating(type.dtype); });
      std::vector<catalog::TensorType> expected = *predicted;
      for (catalog::TensorType& type : expected) {
        if (by_parameters && catalog::is_floating(type.dtype)) type.dtype = dtype;
      }
      try {
        CHECK(text_of(measure(example, tensor::scalar_type(dtype))) == text_of(expected));
      } catch (const std::exception& thrown) {
        FAIL_CHECK(std::string(thrown.what()).substr(0, 200));
      }
    }
  }
}

TEST_CASE("a step in bf16 is the computation with casts written out, gradients too") {
  const Model model(R"(inputs: { x: "f32[6]" }
flow:
  - { linear: 8, name: a }
  - precision: bf16
    flow: [{ linear: 5, name: b }, { layer_norm: {}, name: c }, gelu]
  - { linear: 3, name: d }
)");
  const at::Tensor x = random_tensor({4, 6}, 1);
  const auto half = [&](const std::string& path) { return leaf(model, path).to(at::kBFloat16); };
  at::Tensor y = at::linear(x, leaf(model, "a.weight"), leaf(model, "a.bias")).to(at::kBFloat16);
  y = at::linear(y, half("b.weight"), half("b.bias"));
  y = at::gelu(at::layer_norm(y, {5}, half("c.weight"), half("c.bias"), 1e-5)).to(at::kFloat);
  y = at::linear(y, leaf(model, "d.weight"), leaf(model, "d.bias"));
  const at::Tensor found = model.run({x}, true);
  CHECK(is_same(found, y));
  const auto mine = exec::gradients(found.square().sum(), model.store.parameters()),
             theirs = exec::gradients(y.square().sum(), model.store.parameters());
  REQUIRE(mine.has_value());
  REQUIRE(theirs.has_value());
  for (std::size_t i = 0; i < mine->size(); ++i) {
    CHECK(((*mine)[i].scalar_type() == at::kFloat));
    CHECK(is_same((*mine)[i], (*theirs)[i]));
  }
}

TEST_CASE("running statistics stay f32, and what is inside a precision may have its own") {
  const Model model(R"(inputs: { x: "f32[6]" }
flow:
  - precision: bf16
    flow:
      - tanh
      - { batch_norm: {}, name: norm }
      - { exp: , precision: f32 }
      - sigmoid
)");
  const at::Tensor x = random_tensor({4, 6}, 1);
  const at::Tensor inner = x.to(at::kBFloat16).tanh().to(at::kFloat);
  const at::Tensor normed =
      at::batch_norm(inner, model["norm.weight"], model["norm.bias"], {}, {}, true, 0, 1e-5, false);
  const at::Tensor expected = normed.exp().to(at::kBFloat16).sigmoid().to(at::kFloat);
  CHECK(is_same(model.run({x}, true), expected));
  CHECK(is_close(model["norm.running_mean"], inner.mean(0).mul(0.1), kParity));
}

TEST_CASE("integers pass, a side branch leaves the stream alone, tags go out in the dtype around") {
  const Model model(R"(inputs: { ids: "i64[3]", x: "f32[3, 4]" }
outputs: { words: words, side: side, stream: output, c: h.c_n }
flow:
  - { embedding: { num: 9, dim: 4 }, name: words, tag: words, precision: f16 }
  - { from: x, fork: { flow: [exp], tag: side }, precision: bf16 }
  - { lstm: 2, tag: h, precision: bf16 }
  - { from: x, tag: same, precision: f16 }
)");
  for (const auto& output : model.graph.outputs) {
    CAPTURE(output.name);
    const auto& type = model.graph.values[static_cast<std::size_t>(output.value)].type;
    CHECK(catalog::to_string(type.dtype) == "f32");
  }
  std::vector<graph::ValueId> wanted;
  for (const auto& output : model.graph.outputs) wanted.push_back(output.value);
  const at::Tensor ids = at::tensor({1, 2, 8, 0, 3, 3}, at::kLong).reshape({2, 3});
  const at::Tensor x = random_tensor({2, 3, 4}, 1);
  const exec::Executor executor(model.graph, model.store, wanted);
  const auto out = executor.run({ids, x}, {});
  REQUIRE(out.has_value());
  CHECK(is_same((*out)[0], at::embedding(model["words.weight"].to(at::kHalf), ids).to(at::kFloat)));
  CHECK(is_same((*out)[1], x.to(at::kBFloat16).exp().to(at::kFloat)));
  CHECK(is_same((*out)[2], x));
}

}  // namespace fdl::testing
