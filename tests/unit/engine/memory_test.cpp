#include <cstdlib>
#include <set>

#include <ATen/ops/zeros.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/function.h>

#include "lib/catalog/plain_attention.h"
#include "lib/catalog/recurrent.h"
#include "lib/plan/gradients.h"
#include "tests/unit/engine/live_bytes.h"
#include "tests/unit/engine/support.h"

// What `fdl explain` says of memory is a promise about libtorch's allocator.
namespace fdl::testing {
namespace {

// Small tensors of their own that operators keep: a factor, a count of rows.
constexpr std::int64_t kSmallBytes = 512;
constexpr double kKept = 0.05;         // of one module: fused kernels round up rows
constexpr std::int64_t kRepeats = 64;  // of the example's samples, so that small bytes are few

// The module's example with many samples, floating-point numbers in float.
Example large_example(const std::string& name) {
  Example small = example_of(name);
  const catalog::ModuleSpec& spec = *small.module.spec;
  const config::Node example = yaml(spec.example);
  const config::Node params = example.is_map() ? example.entries.front().value : config::Node();
  for (std::size_t i = 0; i < small.inputs.size(); ++i) {
    at::Tensor& input = small.inputs[i];
    // What ragged sequences keep depends on their lengths.
    if (spec.inputs[i].name == "lengths") input.reset();
    if (!input.defined()) continue;
    std::vector<std::int64_t> times(static_cast<std::size_t>(input.dim()), 1);
    times[0] = kRepeats;
    input = input.repeat(times);
    if (input.is_floating_point()) input = input.to(at::kFloat);
  }
  auto module = bind_module(name, params, types_of(small.inputs));
  REQUIRE(module.has_value());
  REQUIRE(module->outputs.has_value());
  return {*std::move(module), small.inputs};
}

nn::Tensors owned_tensors(const BoundModule& module) {
  std::vector<std::string> names;
  std::vector<at::Tensor> values;
  for (const catalog::TensorSpec& tensor : module.spec->owned(module.params.get())) {
    const auto shape = module.spec->tensor_shape(tensor, module.params.get());
    names.push_back(tensor.name);
    values.push_back(tensor.dtype == catalog::DType::I64
                         ? at::zeros(shape, at::kLong)
                         : random_tensor(shape, 1, at::kFloat).abs().add(0.5));
    if (!tensor.is_buffer) values.back().requires_grad_();
  }
  return {names, values};
}

std::int64_t declared_bytes(const Example& example, const catalog::Count& own) {
  const catalog::ModuleSpec& spec = *example.module.spec;
  const void* params = example.module.params.get();
  const std::vector<catalog::TensorType> inputs = types_of(example.inputs),
                                         &outputs = *example.module.outputs;
  graph::Node node;
  node.spec = &spec;
  node.params = example.module.params;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    node.inputs.push_back(inputs[i].is_absent ? graph::kAbsent : static_cast<int>(i));
  for (std::size_t i = 0; i < outputs.size(); ++i)
    node.outputs.push_back(static_cast<int>(inputs.size() + i));
  std::int64_t out = own ? own(params, inputs, outputs).number() : 0;
  const std::vector<graph::ValueId> kept = plan::kept_values(node);
  for (const graph::ValueId id : std::set<graph::ValueId>(kept.begin(), kept.end())) {
    const auto at = static_cast<std::size_t>(id);
    const auto& type = at < inputs.size() ? inputs[at] : outputs[at - inputs.size()];
    out += catalog::bytes_of(type).number();
  }
  return out;
}

// Bytes that stay when only the backward pass holds on to them.
std::int64_t kept_bytes(const Example& example, bool fuses = true) {
  const nn::Tensors own = owned_tensors(example.module);
  std::vector<at::Tensor> leaves = example.inputs;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const bool is_mask = example.module.spec->inputs[i].name == "attn_mask";  // comes with the data
    if (leaves[i].defined() && leaves[i].is_floating_point() && !is_mask)
      leaves[i].requires_grad_();
  }
  nn::StepContext context;
  context.training = true;
  context.fuses_recurrent = context.fuses_attention = fuses;
  const std::string path = "x";
  context.node_path = path;
  const LiveBytes live;
  std::vector<std::shared_ptr<torch::autograd::Node>> backward;
  {
    std::vector<at::Tensor> inputs;
    for (const at::Tensor& leaf : leaves) {
      if (!leaf.defined()) {
        inputs.emplace_back();
      } else if (leaf.is_floating_point()) {
        inputs.push_back(leaf.neg());  // keeps nothing
      } else {
        inputs.push_back(leaf.clone());
      }
    }
    const nn::Outputs outputs = nn::find_forward(example.module.spec->name())(
        example.module.params.get(), own, inputs, context);
    for (const at::Tensor& output : outputs) {
      if (output.defined() && output.grad_fn()) backward.push_back(output.grad_fn());
    }
  }
  return live.now();
}

void check_close(const std::string& name, std::int64_t declared, std::int64_t kept) {
  const bool is_close =
      std::abs(declared - kept) <=
      std::max(kSmallBytes, static_cast<std::int64_t>(kKept * static_cast<double>(kept)));
  CHECK_MESSAGE(is_close, name << " declares " << declared << " and keeps " << kept);
}

}  // namespace

TEST_CASE("each module keeps as many bytes for the backward pass as it declares") {
  for (const std::string& name : catalog::module_names()) {
    CAPTURE(name);
    const Example example = large_example(name);
    check_close(name, declared_bytes(example, example.module.spec->kept_bytes),
                kept_bytes(example));
  }
}

TEST_CASE("and so does attention that libtorch's operators run") {
  for (const std::string name : {"attention", "multihead_attention", "transformer_encoder_layer",
                                 "transformer_decoder_layer"}) {
    CAPTURE(name);
    const Example example = large_example(name);
    REQUIRE(catalog::plain_attention_memory(name) != nullptr);
    check_close(name, declared_bytes(example, catalog::plain_attention_memory(name)->kept_bytes),
                kept_bytes(example, false));
  }
}

TEST_CASE("and so does a recurrent one that libtorch's operators run") {
  for (const std::string name : {"rnn", "lstm", "gru"}) {
    CAPTURE(name);
    const Example example = large_example(name);
    REQUIRE(catalog::plain_memory(name) != nullptr);
    check_close(name, declared_bytes(example, catalog::plain_memory(name)->kept_bytes),
                kept_bytes(example, false));
  }
}

}  // namespace fdl::testing
