#include <random>

#include <ATen/ops/tensor.h>
#include <c10/core/CPUAllocator.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#undef CHECK  // libtorch's
#include <doctest/doctest.h>

#include "lib/catalog/channels_last.h"
#include "lib/nn/image_layout.h"
#include "lib/plan/chains.h"
#include "tests/unit/exec/trained.h"
#include "tests/unit/graph/model_text.h"

// A chain of steps that run as one gives what they give one by one.
namespace fdl::testing {
namespace {

std::string model_of(const std::string& flow, const std::string& input = "f32[12]") {
  return "{inputs: {x: \"" + input + "\"}, flow: " + flow + "}\n";
}

std::size_t num_chains(const graph::Graph& graph, const graph::Block& block) {
  std::size_t out = 0;
  std::span<const graph::Node> nodes = block.nodes;
  while (!nodes.empty()) {
    const std::size_t count = plan::chain_at_end(graph, nodes, 0);
    out += count > 0 ? 1 : 0;
    nodes = nodes.first(nodes.size() - std::max<std::size_t>(count, 1));
  }
  for (const graph::Node& node : block.nodes) {
    for (const graph::Block& inner : node.blocks) out += num_chains(graph, inner);
  }
  return out;
}

// Norms of norms in loops of loops make a last bit grow to a thousandth, on one CPU more than on
// another; what is computed wrongly is wrong by its own size.
constexpr double kOfGradients = 1e-2;

// Both ways, with the same weights: outputs, gradients of inputs and parameters.
void check_same(const std::string& text, const std::vector<std::int64_t>& shape) {
  CAPTURE(text);
  const Model model(text);
  CHECK(num_chains(model.graph, model.graph.root) > 0);
  std::vector<Trained> made;
  std::vector<at::Tensor> of_inputs;
  for (const catalog::Passes passes : {catalog::Passes::none(), catalog::Passes{}}) {
    const at::Tensor x = random_tensor(shape, 5).requires_grad_();
    made.push_back(train_once(model, {x}, {}, passes));
    nn::StepContext context;
    context.training = true;
    context.seed = 42;
    const exec::Executor executor(model.graph, model.store, {model.graph.outputs.front().value},
                                  passes);
    const auto out = executor.run({x}, context);
    REQUIRE(out.has_value());
    const auto found = exec::gradients(
        out->front().mul(random_tensor(out->front().sizes().vec(), 9)).sum(), {{"x", x}});
    REQUIRE(found.has_value());
    of_inputs.push_back(found->front());
  }
  CHECK(is_close(made[0].output, made[1].output, 1e-5));
  CHECK(agree(made[0].gradients, made[1].gradients, kOfGradients));
  CHECK(is_close(of_inputs[0], of_inputs[1], kOfGradients));
}

// A random flow of what chains are made of.
std::string random_flow(std::mt19937_64& random, int depth) {
  static const char* const kSteps[] = {"{linear: 12}",
                                       "{linear: {out: 12, bias: false}}",
                                       "relu",
                                       "gelu",
                                       "tanh",
                                       "sigmoid",
                                       "silu",
                                       "{dropout: 0.3}",
                                       "layer_norm",
                                       "{layer_norm: {bias: false}}",
                                       "{layer_norm: {elementwise_affine: false}}"};
  std::string out = "[";
  const auto count = 2 + random() % 4;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i > 0) out += ", ";
    const auto kind = random() % 10;
    if (depth > 0 && kind == 0)
      out += "{also: " + random_flow(random, depth - 1) + "}";
    else if (depth > 0 && kind == 1)
      out += "{loop: {times: 3, body: " + random_flow(random, depth - 1) + "}}";
    else if (depth > 0 && kind == 2)
      out += "{split: [" + random_flow(random, depth - 1) + ", " + random_flow(random, depth - 1) +
             "], merge: add}";
    else if (depth > 0 && kind == 3)
      out += "{flow: " + random_flow(random, depth - 1) + ", recompute: true}";
    else
      out += kSteps[random() % std::size(kSteps)];
  }
  return out + "]";
}

}  // namespace

TEST_CASE("random chains: outputs and gradients as step by step") {
  std::mt19937_64 random(7);
  int num_compared = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string flow = "[{flow: " + random_flow(random, 2) + "}, {name: last, linear: 5}]";
    const bool is_long = i % 3 == 0;
    const std::string text = model_of(flow, is_long ? "f32[5, 12]" : "f32[12]");
    Diagnostics problems;  // two of its steps may have one name
    const auto graph = build("model: " + text, problems);
    if (!graph || num_chains(*graph, graph->root) == 0) continue;
    ++num_compared;
    check_same(text,
               is_long ? std::vector<std::int64_t>{3, 5, 12} : std::vector<std::int64_t>{7, 12});
  }
  CHECK(num_compared > 150);
}

TEST_CASE("widths and rows of all kinds") {
  for (const std::int64_t width : {1, 3, 16, 33, 130}) {
    for (const std::int64_t rows : {1, 2, 65}) {
      const std::string w = std::to_string(width);
      check_same(
          model_of("[{linear: " + w + "}, gelu, layer_norm, {dropout: 0.2}, {linear: 3}, relu]",
                   "f32[" + w + "]"),
          {rows, width});
    }
  }
  // So many that threads share the rows.
  check_same(model_of("[{linear: 300}, gelu, layer_norm, {linear: 300}, relu]", "f32[40]"),
             {400, 40});
}

TEST_CASE("one tensor in two steps, a step that nobody needs, a value read inside and outside") {
  check_same(model_of("[{name: a, linear: 12}, relu, {name: b, linear: 12}, gelu], tie: "
                      "[[a.weight, b.weight]]"),
             {4, 12});
  check_same(model_of("[{linear: 12, tag: t}, relu, {flatten: {}}, {linear: 12}, {from: t, name: "
                      "second, gelu: }, "
                      "{linear: 12}, {also: [tanh]}]"),
             {4, 12});
}

TEST_CASE("frozen parameters get no gradient, and those before them theirs") {
  const Model model(
      model_of("[{linear: 12}, relu, {name: fixed, linear: 12, freeze: true}, gelu, {linear: 3}]"));
  const at::Tensor x = random_tensor({4, 12}, 5);
  const Trained plain = train_once(model, {x}),
                fused = train_once(model, {x}, {}, catalog::Passes{});
  CHECK(agree(plain.gradients, fused.gradients, 1e-5));
}

TEST_CASE("images keep their channels last in chains that take each number by itself") {
  for (const char* flow :
       {"[relu, {also: [relu, gelu]}, tanh]", "[relu, {dropout: 0.5}]", "[{linear: 6}, relu]"}) {
    const Model model(model_of(flow, "f32[5, 4, 6]"));
    REQUIRE(num_chains(model.graph, model.graph.root) > 0);
    const at::Tensor usual = random_tensor({3, 5, 4, 6}, 5);
    const at::Tensor last = usual.contiguous(at::MemoryFormat::ChannelsLast);
    std::vector<at::Tensor> made, of_inputs;
    for (at::Tensor x : {usual.clone(), last.clone()}) {
      x.requires_grad_();
      const exec::Executor executor(model.graph, model.store, {model.graph.outputs.front().value},
                                    catalog::Passes{});
      nn::StepContext context;
      context.training = true;
      const auto out = executor.run({x}, context);
      REQUIRE(out.has_value());
      made.push_back(out->front());
      const auto found =
          exec::gradients(made.back().mul(random_tensor({3, 5, 4, 6}, 9)).sum(), {{"x", x}});
      REQUIRE(found.has_value());
      of_inputs.push_back(found->front());
    }
    CHECK(made[0].equal(made[1]));
    CHECK(of_inputs[0].equal(of_inputs[1]));
    const bool stays = std::string(flow).find("also") != std::string::npos;
    CHECK(nn::has_channels_last(made[1]) == stays);
    CHECK(nn::has_channels_last(of_inputs[1]) == stays);
  }
}

TEST_CASE("what a chain gave stays as long as somebody holds it") {
  const Model model(model_of("[{linear: 12}, relu, {linear: 4}]"));
  const exec::Executor executor(model.graph, model.store, {model.graph.outputs.front().value},
                                catalog::Passes{});
  nn::StepContext context;
  context.training = true;
  std::vector<at::Tensor> kept, copies, gradients, gradient_copies;
  for (int i = 0; i < 5; ++i) {
    const auto out = executor.run({random_tensor({4, 12}, 100 + i)}, context);
    REQUIRE(out.has_value());
    kept.push_back(out->front());
    copies.push_back(out->front().detach().clone());
    const auto found = exec::gradients(out->front().sum(), model.store.parameters());
    REQUIRE(found.has_value());
    gradients.push_back(found->front());
    gradient_copies.push_back(found->front().clone());
  }
  for (std::size_t i = 0; i < kept.size(); ++i) {
    CHECK(is_same(kept[i].detach(), copies[i]));
    CHECK(is_same(gradients[i], gradient_copies[i]));
  }
}

TEST_CASE("a second backward pass over a kept record gives the same") {
  for (const char* flow : {"[{linear: 12}, gelu, layer_norm, {linear: 4}]",
                           "[{loop: {times: 4, body: [{linear: 12}, gelu, layer_norm]}}]"}) {
    const Model model(model_of(flow));
    const exec::Executor executor(model.graph, model.store, {model.graph.outputs.front().value},
                                  catalog::Passes{});
    nn::StepContext context;
    context.training = true;
    const auto out = executor.run({random_tensor({4, 12}, 3)}, context);
    REQUIRE(out.has_value());
    const at::Tensor loss = out->front().mul(random_tensor(out->front().sizes().vec(), 4)).sum();
    const auto first = exec::gradients(loss, model.store.parameters(), true),
               second = exec::gradients(loss, model.store.parameters());
    REQUIRE((first.has_value() && second.has_value()));
    for (std::size_t i = 0; i < first->size(); ++i) CHECK(is_same((*first)[i], (*second)[i]));
  }
}

TEST_CASE("evaluation, other batches, strides, and numbers that are none") {
  const Model model(model_of("[{linear: 12}, relu, {dropout: 0.5}, {linear: 4}]"));
  const exec::Executor plain(model.graph, model.store, {model.graph.outputs.front().value}),
      fused(model.graph, model.store, {model.graph.outputs.front().value}, catalog::Passes{});
  for (const std::int64_t batch : {4, 1, 9, 4, 30, 2, 7}) {
    at::Tensor x = random_tensor({12, batch}, 8).t();
    if (batch == 9) x = x.index_fill(0, at::tensor({std::int64_t{2}}), std::nan(""));
    if (batch == 7) x = x.index_fill(0, at::tensor({std::int64_t{2}}), INFINITY);
    const auto a = plain.run({x}, {}), b = fused.run({x}, {});
    REQUIRE((a.has_value() && b.has_value()));
    CHECK(a->front().allclose(b->front(), 1e-5, 1e-6, true));
    CHECK_FALSE(b->front().requires_grad());
  }
}

namespace {

// Counts what libtorch allocates while it stands.
class CountingAllocator final : public at::Allocator {
 public:
  CountingAllocator() : former_(c10::GetCPUAllocator()) { c10::SetCPUAllocator(this); }
  ~CountingAllocator() override { c10::SetCPUAllocator(former_); }
  at::DataPtr allocate(std::size_t size) override {
    count += size > 0 ? 1 : 0;
    return former_->allocate(size);
  }
  at::DeleterFnPtr raw_deleter() const override { return former_->raw_deleter(); }
  void copy_data(void* to, const void* from, std::size_t size) const override {
    former_->copy_data(to, from, size);
  }

  int count = 0;

 private:
  at::Allocator* former_;
};

}  // namespace

TEST_CASE("after the first steps a small chain takes memory for what it gives alone") {
  const Model model(
      model_of("[{linear: 64}, gelu, layer_norm, {dropout: 0.2}, {also: [{linear: 64}, relu]}, "
               "{linear: 4}]"));
  const exec::Executor executor(model.graph, model.store, {model.graph.outputs.front().value},
                                catalog::Passes{});
  nn::StepContext context;
  context.training = true;
  const at::Tensor x = random_tensor({32, 12}, 3), gradient = random_tensor({32, 4}, 4);
  const std::vector<tensor::NamedTensor>& parameters = model.store.parameters();
  std::vector<at::Tensor> leaves;
  for (const auto& one : parameters) leaves.push_back(one.value);
  const auto step = [&] {
    const auto out = executor.run({x}, context);
    REQUIRE(out.has_value());
    return torch::autograd::grad({out->front()}, leaves, {gradient});
  };
  step();
  step();
  CountingAllocator counting;
  step();
  CHECK(counting.count == 1);
}

TEST_CASE("norms of images with what is around their relu: as one by one, to their buffers") {
  // The gradient of a bias before a norm is nothing but roundings.
  const std::string conv = "{conv2d: {out: 12, kernel: 3, padding: 1, bias: false}}";
  for (const std::string& behind :
       {conv + ", batch_norm, relu, max_pool2d: 2", conv + ", batch_norm, relu",
        "also: [" + conv + ", batch_norm], relu",
        conv + ", batch_norm: {affine: false}, relu, max_pool2d: 2",
        conv + ", batch_norm: {track_running_stats: false}, relu"}) {
    CAPTURE(behind);
    const std::string text = model_of("[" + conv + ", " + behind + "]", "f32[3, 9, 10]");
    const Model fused(text), plain(text);
    const at::Tensor x = random_tensor({4, 3, 9, 10}, 5);
    constexpr catalog::Passes kOneByOne = {.chains = false};
    const Trained made = train_once(fused, {x}, {}, {}),
                  wanted = train_once(plain, {x}, {}, kOneByOne);
    CHECK(is_close(made.output, wanted.output, 1e-5));
    CHECK(agree(made.gradients, wanted.gradients, 1e-3));
    CHECK(agree(made.buffers, wanted.buffers, 0));
    const auto last_of = [&](const Model& model, catalog::Passes passes) {
      nn::StepContext context;
      context.training = true;
      const exec::Executor executor(model.graph, model.store, {model.graph.outputs.front().value},
                                    passes);
      return executor.run({x}, context)->front().grad_fn()->name();
    };
    const bool has_blocks = catalog::puts_channels_last({});
    CHECK((last_of(fused, {}).find("NormRelu") != std::string::npos) == has_blocks);
    CHECK(last_of(plain, kOneByOne).find("NormRelu") == std::string::npos);
  }
}

}  // namespace fdl::testing
