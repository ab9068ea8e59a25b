#include <filesystem>
#include <set>

#include <ATen/ATen.h>
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

struct Passed {
  at::Tensor output;
  std::vector<at::Tensor> gradients;
};

Passed pass_through(const graph::Graph& graph, const std::vector<at::Tensor>& inputs,
                    catalog::Passes passes) {
  const tensor::TensorStore own(graph, 42);  // with running statistics of its own
  const exec::Executor executor(graph, own, {graph.outputs.front().value}, passes);
  nn::StepContext context;
  context.training = true;
  context.seed = 42;
  const auto made = executor.run(inputs, context);
  REQUIRE(made.has_value());
  const at::Tensor weights = random_tensor(made->front().sizes().vec(), 3);
  auto found = exec::gradients(made->front().mul(weights).sum(), own.parameters());
  REQUIRE(found.has_value());
  return {made->front().detach(), *std::move(found)};
}

// Norms over few numbers make a rounding grow, a relu at zero makes it a step, and a bias before a
// norm has nothing else for a gradient. Sums of f32 may be off by a millionth: what inputs that are
// off by as much do, any order of sums may do, and some more.
constexpr double kOfMoved = 10;

std::vector<at::Tensor> moved_by_a_millionth(const std::vector<at::Tensor>& inputs) {
  std::vector<at::Tensor> out;
  for (const at::Tensor& x : inputs) {
    if (!x.is_floating_point())
      out.push_back(x);
    else
      out.push_back(x * at::where(random_tensor(x.sizes().vec(), 8) > 0, 1 + 0x1p-20, 1 - 0x1p-20)
                            .to(x.scalar_type()));
  }
  return out;
}

// Relative to the largest.
double off(const at::Tensor& made, const at::Tensor& exact) {
  REQUIRE(made.sizes() == exact.sizes());
  if (exact.numel() == 0) return 0;
  const double largest = exact.abs().max().item<double>();
  const double most = (made.to(at::kDouble) - exact.to(at::kDouble)).abs().max().item<double>();
  return most == 0 ? 0 : most / largest;
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
      const std::vector<at::Tensor> inputs = inputs_of(graph);
      const Passed plain = pass_through(graph, inputs, catalog::Passes::none()),
                   moved = pass_through(graph, moved_by_a_millionth(inputs), catalog::Passes::none()),
                   made = pass_through(graph, inputs, catalog::Passes{});
      ++num_compared;
      CHECK(off(made.output, plain.output) <=
            std::max(1e-5, kOfMoved * off(moved.output, plain.output)));
      for (std::size_t i = 0; i < plain.gradients.size(); ++i) {
        CAPTURE(store.parameters()[i].name);
        const at::Tensor &one = made.gradients[i], &exact = plain.gradients[i];
        REQUIRE(one.defined() == exact.defined());
        if (one.defined())
          CHECK(off(one, exact) <= std::max(1e-4, kOfMoved * off(moved.gradients[i], exact)));
      }
    }
  }
  CHECK(num_compared > 20);
}

}  // namespace fdl::testing
