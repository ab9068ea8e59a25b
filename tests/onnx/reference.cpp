// What the engine computes, for onnx_test.py to compare with: `onnx_reference FOLDER NAME...` makes
// FOLDER/NAME/ for each model of the zoo, "zoo/mlp", for each of constructs/, "constructs/gate",
// and for the example of each module, "modules/conv2d":
//
//   fdl.yml               the model, of a module's example
//   weights.safetensors   random weights and running statistics
//   values.safetensors    input.<name> and output.<name>, evaluated
//
// With no names it prints all there are.
#define DOCTEST_CONFIG_IMPLEMENT
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "lib/base/files.h"
#include "lib/catalog/catalog.h"
#include "lib/config/layers.h"
#include "lib/exec/executor.h"
#include "lib/graph/build.h"
#include "lib/job/job.h"
#include "lib/tensor/dtype.h"
#include "lib/tensor/store.h"
#include "tests/unit/engine/support.h"

namespace fdl::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kBatch = 3, kLength = 7;  // of named axes

graph::Graph read_graph(const fs::path& file) {
  Diagnostics problems;
  const auto manifest =
      config::load_manifest(file, {}, job::merge_rules(), file.parent_path(), problems);
  auto graph = manifest ? graph::build_graph(*manifest, {}, problems) : std::nullopt;
  if (!graph) throw std::runtime_error(to_text(problems, false));
  return *std::move(graph);
}

// Numbers from -1 to 1 without a pattern that matters, made fast: models have 10^8 of them.
at::Tensor noise_like(const at::Tensor& tensor, double seed) {
  const at::Tensor places = at::arange(tensor.numel(), at::kDouble);
  return places.mul(2.399963).add(seed).sin().view(tensor.sizes()).to(tensor.scalar_type());
}

// Numbers near those of a trained model: scales near 1, statistics that change something.
void disturb(const tensor::TensorStore& store) {
  const at::NoGradGuard no_grad;
  double seed = 0;
  for (const auto& [name, value] : store.tensors()) {
    if (!value.is_floating_point()) continue;
    const at::Tensor noise = noise_like(value, ++seed);
    if (name.ends_with("running_var"))
      value.copy_(noise.abs().mul(0.3).add(0.5));
    else
      value.mul_(noise.mul(0.2).add(1)).add_(noise_like(value, ++seed), 0.03);
  }
}

at::Tensor random_input(const catalog::TensorType& type, std::uint64_t seed) {
  std::vector<std::int64_t> shape = {kBatch};
  for (std::size_t i = 1; i < type.shape.size(); ++i)
    shape.push_back(type.shape[i].is_number() ? type.shape[i].number() : kLength);
  const at::Tensor values = random_tensor(shape, seed, at::kDouble);
  if (type.dtype == catalog::DType::Bool) return values.gt(-1);
  if (catalog::is_integer(type.dtype))
    return values.abs().mul(2).clamp_max(1).to(tensor::scalar_type(type.dtype));
  return values.to(tensor::scalar_type(type.dtype));
}

void write_case(const fs::path& folder, const graph::Graph& graph,
                const std::vector<at::Tensor>& inputs) {
  const tensor::TensorStore store(graph, 42);
  disturb(store);
  std::vector<tensor::NamedTensor> weights, values;
  for (const auto& [name, value] : store.tensors()) weights.push_back({name, value.detach()});
  std::vector<graph::ValueId> wanted;
  for (const graph::NamedValue& output : graph.outputs) wanted.push_back(output.value);
  const exec::Executor executor(graph, store, wanted);
  const auto outputs = executor.run(inputs, nn::StepContext());
  if (!outputs) throw std::runtime_error(outputs.error().message);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    values.push_back({"input." + graph.inputs[i].name, inputs[i]});
  for (std::size_t i = 0; i < outputs->size(); ++i)
    values.push_back({"output." + graph.outputs[i].name, (*outputs)[i].detach().contiguous()});
  if (weights.empty()) weights.push_back({"none", at::ones({1})});
  for (const auto& [file, tensors] : {std::pair{"weights", &weights}, {"values", &values}}) {
    const auto written =
        tensor::save_tensors(folder / (std::string(file) + ".safetensors"), *tensors);
    if (!written) throw std::runtime_error(written.error().message);
  }
}

void write_file_case(const fs::path& folder, const fs::path& manifest) {
  const graph::Graph graph = read_graph(manifest);
  std::vector<at::Tensor> inputs;
  for (const graph::NamedValue& input : graph.inputs) {
    const auto& type = graph.values[static_cast<std::size_t>(input.value)].type;
    inputs.push_back(random_input(type, inputs.size() + 1));
  }
  write_case(folder, graph, inputs);
}

std::string type_text(at::Tensor tensor) {
  catalog::TensorType type = type_of(tensor);
  type.shape.erase(type.shape.begin());
  return catalog::to_string(type);
}

// The module's example over inputs of the shapes that it takes, in f32.
void write_module_case(const fs::path& folder, const std::string& name) {
  const Example example = example_of(name);
  const catalog::ModuleSpec& spec = *example.module.spec;
  std::vector<at::Tensor> inputs;
  std::string declared, used, outputs;
  for (std::size_t i = 0; i < example.inputs.size(); ++i) {
    const at::Tensor& input = example.inputs[i];
    if (!input.defined()) continue;
    inputs.push_back(input.is_floating_point() ? input.to(at::kFloat) : input);
    declared += fmt::format("{}in_{}: \"{}\"", i == 0 ? "" : ", ", spec.inputs[i].name,
                            type_text(inputs.back()));
    if (i > 0)
      used += fmt::format("{}{}: in_{}", used.empty() ? "" : ", ", spec.inputs[i].name,
                          spec.inputs[i].name);
  }
  const auto ports = spec.output_names(example.module.params.get());
  for (std::size_t i = 0; i < ports.size(); ++i)
    outputs += fmt::format("{}out_{}: {}", i == 0 ? "" : ", ", ports[i],
                           i == 0 ? std::string("made") : "made." + ports[i]);
  const bool is_map = spec.example.find(':') != std::string::npos;
  const std::string text = fmt::format(
      "model:\n  inputs: {{ {} }}\n  flow:\n    - {}\n      name: m\n      tag: made\n{}  outputs: "
      "{{ "
      "{} }}\n",
      declared, is_map ? spec.example : spec.example + ": {}",
      used.empty() ? "" : "      using: { " + used + " }\n", outputs);
  if (!write_atomic(folder / "fdl.yml", text)) throw std::runtime_error("cannot write");
  write_case(folder, read_graph(folder / "fdl.yml"), inputs);
}

void write_named(const fs::path& folder, const std::string& name) {
  const fs::path root = FDL_SOURCE_ROOT, own = folder / name;
  fs::create_directories(own);
  const std::string last = fs::path(name).filename().string();
  if (name.starts_with("zoo/"))
    write_file_case(own, root / "manifests/zoo" / (last + ".yml"));
  else if (name.starts_with("constructs/"))
    write_file_case(own, root / "tests/onnx/constructs" / (last + ".yml"));
  else
    write_module_case(own, last);
}

void print_names() {
  const fs::path root = FDL_SOURCE_ROOT;
  for (const auto& [kind, folder] :
       {std::pair{"zoo", "manifests/zoo"}, {"constructs", "tests/onnx/constructs"}}) {
    for (const auto& entry : fs::directory_iterator(root / folder)) {
      if (entry.path().extension() == ".yml")
        std::printf("%s/%s\n", kind, entry.path().stem().c_str());
    }
  }
  for (const std::string& name : catalog::module_names()) std::printf("modules/%s\n", name.c_str());
}

int run(int count, char** words) {
  if (count < 3) {
    print_names();
    return 0;
  }
  for (int i = 2; i < count; ++i) {
    try {
      write_named(words[1], words[i]);
    } catch (const std::exception& thrown) {
      std::fprintf(stderr, "%s: %s\n", words[i], thrown.what());
      return 1;
    }
  }
  return 0;
}

}  // namespace
}  // namespace fdl::testing

int main(int count, char** words) {
  doctest::Context context;  // for the checks inside of what the tests share
  context.setAsDefaultForAssertsOutOfTestCases();
  return fdl::testing::run(count, words);
}
