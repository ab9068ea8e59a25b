#include <set>

#include <ATen/ops/randint.h>
#include <doctest/doctest.h>

#include "tests/unit/exec/trained.h"
#include "tests/unit/graph/model_text.h"
#include "tests/unit/random_model.h"

// What `fdl check` says of random nested models, libtorch does.
namespace fdl::testing {
namespace {

constexpr std::int64_t kBatch = 3;

std::optional<graph::Graph> random_graph(const std::string& text) {
  Diagnostics problems;
  return build(text, problems);
}

// A draw that chose what is not there is the data's fault, which no check can see.
bool is_about_data(const std::string& message) {
  for (const char* part : {"out of range", "out of bounds", "is not there", "index", "Class values",
                           "more than one value per channel"}) {
    if (message.find(part) != std::string::npos) return true;
  }
  return false;
}

std::vector<graph::ValueId> made_by(const std::vector<graph::Node>& nodes) {
  std::vector<graph::ValueId> out;
  for (const graph::Node& node : nodes)
    out.insert(out.end(), node.outputs.begin(), node.outputs.end());
  return out;
}

void check_types(const graph::Graph& graph, const std::vector<graph::ValueId>& ids,
                 const std::vector<at::Tensor>& tensors) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const graph::Value& value = graph.values[static_cast<std::size_t>(ids[i])];
    CAPTURE(value.path);
    if (!tensors[i].defined()) continue;  // no sample went there
    CHECK(catalog::to_string(value.type.dtype) == catalog::to_string(type_of(tensors[i]).dtype));
    std::vector<std::int64_t> expected;
    for (const catalog::Dim& axis : value.type.shape)
      expected.push_back(axis.evaluate({{"B", kBatch}}).value_or(-1));
    CHECK(tensors[i].sizes().vec() == expected);
  }
}

}  // namespace

TEST_CASE("every value of a random model has the type that was inferred, and a backward pass") {
  int num_run = 0, num_trained = 0;
  for (std::uint64_t seed = 0; seed < 6000; ++seed) {
    const std::string text = random_model_text(seed, seed % 2 == 0 ? "f32[8]" : "f32[3, 16, 16]",
                                               static_cast<int>(seed % 4));
    const auto graph = random_graph(text);
    if (!graph) continue;
    CAPTURE(seed);
    CAPTURE(text);
    const tensor::TensorStore store(*graph, 42);
    std::vector<graph::ValueId> wanted = made_by(graph->root.nodes);
    wanted.push_back(graph->outputs.front().value);
    const exec::Executor executor(*graph, store, wanted, {.chains = false});
    nn::StepContext context;
    context.training = true;
    std::vector<std::int64_t> shape = {kBatch};
    for (std::size_t axis = 1; axis < graph->values.front().type.shape.size(); ++axis)
      shape.push_back(graph->values.front().type.shape[axis].number());
    const auto out = executor.run({random_tensor(shape, seed)}, context);
    if (!out) {
      INFO(out.error().node << ": " << out.error().message);
      CHECK(is_about_data(out.error().message));
      continue;
    }
    ++num_run;
    check_types(*graph, wanted, *out);
    if (!out->back().requires_grad()) continue;
    ++num_trained;
    const auto found = exec::gradients(out->back().to(at::kFloat).sum(), store.parameters());
    INFO((found ? "" : found.error().message));
    CHECK(found.has_value());
  }
  CHECK(num_run > 500);
  CHECK(num_trained > 100);
}

TEST_CASE("recompute changes no bit of what a random model gives, nor of its buffers") {
  int num_compared = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const std::string text = random_model_text(seed, "f32[8]", 1 + static_cast<int>(seed % 3));
    if (text.find("recompute: true") == std::string::npos) continue;
    const auto again = random_graph(text),
               plain = random_graph(with(text, "recompute: true", "recompute: false"));
    REQUIRE(again.has_value() == plain.has_value());
    if (!again) continue;
    CAPTURE(text);
    CHECK(again->hash() == plain->hash());
    std::vector<Trained> made;
    for (const graph::Graph* graph : {&*again, &*plain}) {
      const tensor::TensorStore store(*graph, 42);
      const exec::Executor executor(*graph, store, {graph->outputs.front().value},
                                    {.chains = false});
      nn::StepContext context;
      context.training = true;
      const auto out = executor.run({random_tensor({kBatch, 8}, seed)}, context);
      if (!out || !out->front().requires_grad()) break;
      made.emplace_back();
      made.back().output = out->front().detach();
      const auto found = exec::gradients(out->front().to(at::kFloat).sum(), store.parameters());
      REQUIRE(found.has_value());
      for (std::size_t i = 0; i < found->size(); ++i)
        made.back().gradients[store.parameters()[i].name] = (*found)[i];
      for (const auto& tensor : store.tensors()) {
        if (!tensor.value.requires_grad()) made.back().buffers[tensor.name] = tensor.value;
      }
    }
    if (made.size() != 2) continue;
    ++num_compared;
    CHECK(is_same(made[0].output, made[1].output));
    CHECK(agree(made[0].buffers, made[1].buffers, 0));
    for (const auto& [path, tensor] : made[0].gradients) {
      CAPTURE(path);
      const at::Tensor& other = made[1].gradients.at(path);
      REQUIRE(tensor.defined() == other.defined());
      // Sums of three and more gradients have another order; NaN is NaN in both.
      if (tensor.defined()) CHECK(is_close(tensor.nan_to_num(), other.nan_to_num(), 1e-4));
    }
  }
  CHECK(num_compared > 10);
}

}  // namespace fdl::testing
