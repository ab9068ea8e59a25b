#include <cmath>

#include <ATen/ops/mse_loss.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "lib/config/layers.h"
#include "lib/exec/executor.h"
#include "lib/exec/node_timer.h"
#include "lib/job/job.h"
#include "lib/plan/memory.h"
#include "lib/tensor/dtype.h"
#include "lib/tensor/store.h"
#include "tests/unit/engine/live_bytes.h"
#include "tests/unit/engine/support.h"

namespace fdl::testing {
namespace {

constexpr std::int64_t kBatch = 4, kLength = 32;  // of named axes
// Of what a step holds beside parameters: kernels differ in what they put aside for a moment, and
// chains in when they first do.
constexpr double kTolerance = 0.05, kToleranceOfChains = 0.1;

// "zoo/mlp".
graph::Graph model_of(const std::string& name) {
  Diagnostics problems;
  const std::string folder = std::string(FDL_SOURCE_ROOT) + "/manifests";
  const auto manifest =
      config::load_manifest(folder + "/" + name + ".yml", {}, job::merge_rules(), folder, problems);
  REQUIRE(manifest.has_value());
  job::Checked checked = job::check(*manifest, {}, true, problems);
  REQUIRE(checked.graph.has_value());
  for (const std::string& axis : checked.graph->named_axes())
    checked.graph->assumed_sizes[axis] = kLength;
  return *std::move(checked.graph);
}

at::Tensor input_of(const catalog::TensorType& type, std::int64_t batch_size) {
  std::vector<std::int64_t> shape = {batch_size};
  for (std::size_t i = 1; i < type.shape.size(); ++i)
    shape.push_back(type.shape[i].is_number() ? type.shape[i].number() : kLength);
  return catalog::is_floating(type.dtype) ? random_tensor(shape, 1)
                                          : at::zeros(shape, tensor::scalar_type(type.dtype));
}

// The most that steps hold, from their inputs to their gradients, after the first has made what
// stays.
std::int64_t measured_peak(const graph::Graph& graph, catalog::Passes passes,
                           std::int64_t batch_size = kBatch) {
  const tensor::TensorStore store(graph, 42);
  const exec::Executor executor(graph, store, {graph.outputs.front().value}, passes),
      other(graph, store, {graph.outputs.front().value});
  nn::StepContext context;
  context.seed = 42;
  const auto inputs = [&] {
    std::vector<at::Tensor> out;
    for (const graph::NamedValue& input : graph.inputs)
      out.push_back(input_of(graph.values[static_cast<std::size_t>(input.value)].type, batch_size));
    return out;
  };
  const auto like = other.run(inputs(), context);
  REQUIRE(like.has_value());
  const at::Tensor target = at::zeros_like(like->front());  // the data's, as loaders have it
  context.training = true;
  const LiveBytes live;
  const std::vector<at::Tensor> batch = inputs();
  for (int step = 0; step < 2; ++step) {
    const auto outputs = executor.run(batch, context);
    REQUIRE(outputs.has_value());
    const at::Tensor loss = at::mse_loss(outputs->front(), target).clone();  // as lib/nn has it
    const auto gradients = exec::gradients(loss, store.parameters());
    REQUIRE(gradients.has_value());
  }
  return live.peak();
}

void check_peak(const std::string& name, const graph::Graph& graph, catalog::Passes passes,
                double tolerance, std::int64_t batch_size = kBatch) {
  const plan::StepMemory step =
      plan::step_memory(graph, batch_size, {{graph.outputs.front().value, 0, 1}}, passes);
  const auto predicted = static_cast<double>(step.peak_bytes);
  const auto measured = static_cast<double>(measured_peak(graph, passes, batch_size));
  std::string off;
  for (const catalog::Pass& pass : catalog::kPasses)
    off += passes.*pass.is_on ? "" : std::string(", without ") + pass.name;
  CHECK_MESSAGE(std::abs(predicted / measured - 1) <= tolerance,
                name << off << ": predicted " << predicted << ", measured " << measured
                     << ", ratio " << predicted / measured);
}

// The models of the zoo and of the benchmark.
constexpr const char* kModels[] = {"zoo/mlp",
                                   "zoo/lenet5",
                                   "zoo/resnet20",
                                   "zoo/conv_autoencoder",
                                   "zoo/unet",
                                   "zoo/gpt_nano",
                                   "zoo/char_rnn",
                                   "zoo/lstm_tagger",
                                   "zoo/soft_moe",
                                   "zoo/refiner",
                                   "zoo/vit_tiny",
                                   "zoo/resnet18",
                                   "zoo/resnet50",
                                   "zoo/mobilenet_v2",
                                   "zoo/vgg16",
                                   "zoo/vae",
                                   "zoo/gpt2",
                                   "zoo/bert_base",
                                   "bench/charl_mlp",
                                   "bench/mlp",
                                   "bench/convnet",
                                   "bench/conv_autoenc",
                                   "bench/gru_seq",
                                   "bench/lstm_seq",
                                   "bench/gated_routing",
                                   "bench/residual_tower",
                                   "bench/iterative_refine",
                                   "bench/tabular_mlp",
                                   "bench/transformer"};

}  // namespace

TEST_CASE("the peak memory of training steps is what libtorch's allocator sees") {
  for (const char* name : kModels) check_peak(name, model_of(name), {.chains = false}, kTolerance);
}

TEST_CASE("and so it is where chains run as one") {
  for (const char* name : kModels) check_peak(name, model_of(name), {}, kToleranceOfChains);
}

TEST_CASE("and where recurrent layers run by libtorch's operators") {
  constexpr catalog::Passes kPasses = {.chains = false, .recurrent = false};
  for (const char* name : {"zoo/char_rnn", "zoo/lstm_tagger", "bench/gru_seq", "bench/lstm_seq"})
    check_peak(name, model_of(name), kPasses, kToleranceOfChains);
  const graph::Graph graph = build("inputs: {x: 'f32[32, 64]'}\nflow: [rnn: 512, linear: 8]");
  check_peak("rnn", graph, kPasses, kToleranceOfChains);
}

// By its own batch: by 4, chains hold 28 of 80 KB more than is estimated, which do not grow with
// it.
TEST_CASE("and of a loop that samples leave one by one") {
  constexpr std::int64_t kOwnBatch = 32;
  for (const bool chains : {true, false})
    check_peak("zoo/equilibrium", model_of("zoo/equilibrium"), {.chains = chains},
               kToleranceOfChains, kOwnBatch);
}

// Experts of 128 units are dealt out, those of 16 are one batch.
TEST_CASE("and whichever way experts run") {
  for (const int width : {128, 16}) {
    const graph::Graph graph = build(fmt::format(R"(inputs: {{x: 'f32[{0}]'}}
flow:
  - linear: {0}
  - gate:
      router: [linear: 8, softmax: {{dim: -1}}]
      experts: {{copies: 8, flow: [linear: {0}, gelu, linear: {0}]}}
      top_k: 2
  - linear: {0}
)",
                                                 width));
    for (const bool experts : {true, false}) {
      for (const bool chains : {true, false})
        check_peak(fmt::format("experts of {}", width), graph,
                   {.chains = chains, .experts = experts}, kToleranceOfChains, 512);
    }
  }
}

TEST_CASE("times of nodes: forward, backward and how often, after the warm-up") {
  const graph::Graph graph =
      build("inputs: {x: 'f32[64]'}\nflow: [linear: 64, {loop: {times: 3, body: [linear: 64]}}]");
  const tensor::TensorStore store(graph, 42);
  exec::Executor executor(graph, store, {graph.outputs.front().value});
  exec::NodeTimer timer(graph, 1, 1);
  executor.set_timer(&timer);
  for (int step = 0; step < 3; ++step) {
    const exec::NodeTimer::Step measured(&timer);
    nn::StepContext context;
    context.training = true;
    const auto outputs = executor.run({random_tensor({8, 64}, 1)}, context);
    REQUIRE(outputs.has_value());
    const exec::NodeTimer::Backward backward(&timer);
    REQUIRE(exec::gradients(outputs->front().sum(), store.parameters()).has_value());
  }
  REQUIRE(timer.totals().size() == 3);  // the loop is one, and measured by what is in it
  CHECK(timer.num_steps() == 2);
  for (const auto& total : timer.totals()) {
    const bool is_loop = total.node->kind == graph::Node::Kind::Loop;
    CAPTURE(total.node->path);
    CHECK(total.calls == (is_loop ? 0 : total.node->path == "linear_0" ? 2 : 6));
    CHECK((total.forward_us > 0) == !is_loop);
    CHECK((total.backward_us > 0) == !is_loop);
  }
  const auto spans = timer.last_spans();
  REQUIRE(!spans.empty());
  for (const auto& span : spans) CHECK(span.step == 2);
}

}  // namespace fdl::testing
