#include <filesystem>
#include <set>

#include <ATen/ops/zeros.h>
#include <doctest/doctest.h>

#include "lib/config/layers.h"
#include "lib/job/job.h"
#include "lib/tensor/dtype.h"
#include "tests/unit/exec/trained.h"

// Every manifest of the zoo and of the benchmark: its chains as one give what they give op by op.
namespace fdl::testing {
namespace {

constexpr std::int64_t kBatch = 2, kLength = 16;  // of named axes

// Too large for a test, and of nothing that smaller ones have not.
const std::set<std::string> kLeftOut = {"gpt2", "bert_base", "vgg16", "resnet50"};

graph::Graph model_at(const std::filesystem::path& path) {
  Diagnostics problems;
  const auto manifest = config::load_manifest(path.string(), {}, job::merge_rules(),
                                              path.parent_path().string(), problems);
  REQUIRE(manifest.has_value());
  job::Checked checked = job::check(*manifest, {}, true, problems);
  REQUIRE(checked.graph.has_value());
  return *std::move(checked.graph);
}

std::vector<at::Tensor> inputs_of(const graph::Graph& graph) {
  std::vector<at::Tensor> out;
  for (const graph::NamedValue& input : graph.inputs) {
    const catalog::TensorType& type = graph.values[static_cast<std::size_t>(input.value)].type;
    std::vector<std::int64_t> shape = {kBatch};
    for (std::size_t i = 1; i < type.shape.size(); ++i)
      shape.push_back(type.shape[i].is_number() ? type.shape[i].number() : kLength);
    out.push_back(catalog::is_floating(type.dtype)
                      ? random_tensor(shape, 1)
                      : at::zeros(shape, tensor::scalar_type(type.dtype)));
  }
  return out;
}

}  // namespace

TEST_CASE("the zoo and the benchmark: outputs and gradients as op by op") {
  int num_compared = 0;
  for (const char* folder : {"zoo", "bench"}) {
    for (const auto& file : std::filesystem::directory_iterator(
             std::filesystem::path(FDL_SOURCE_ROOT) / "manifests" / folder)) {
      const std::string name = file.path().stem().string();
      if (file.path().extension() != ".yml" || kLeftOut.count(name) != 0) continue;
      CAPTURE(name);
      const graph::Graph graph = model_at(file.path());
      const tensor::TensorStore store(graph, 42);
      std::vector<at::Tensor> outputs;
      std::vector<std::vector<at::Tensor>> gradients;
      for (const catalog::Passes passes : {catalog::Passes::none(), catalog::Passes{}}) {
        const tensor::TensorStore own(graph, 42);  // with running statistics of its own
        const exec::Executor executor(graph, own, {graph.outputs.front().value}, passes);
        nn::StepContext context;
        context.training = true;
        context.seed = 42;
        const auto made = executor.run(inputs_of(graph), context);
        REQUIRE(made.has_value());
        outputs.push_back(made->front().detach());
        const at::Tensor weights = random_tensor(outputs.back().sizes().vec(), 3);
        auto found = exec::gradients(made->front().mul(weights).sum(), own.parameters());
        REQUIRE(found.has_value());
        gradients.push_back(*std::move(found));
      }
      ++num_compared;
      CHECK(is_close(outputs[0], outputs[1], 1e-5));
      for (std::size_t i = 0; i < gradients[0].size(); ++i) {
        CAPTURE(store.parameters()[i].name);
        REQUIRE(gradients[0][i].defined() == gradients[1][i].defined());
        if (gradients[0][i].defined()) CHECK(is_close(gradients[0][i], gradients[1][i], 1e-4));
      }
    }
  }
  CHECK(num_compared > 20);
}

}  // namespace fdl::testing
