// The zoo against torchvision: weights made from torchvision's names load without a rename map,
// and the outputs are the same. make_torchvision.py wrote what is stored.
#include <cmath>

#include <ATen/ops/empty.h>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "lib/base/files.h"
#include "lib/exec/executor.h"
#include "lib/format/safetensors.h"
#include "lib/graph/build.h"
#include "lib/job/job.h"
#include "lib/tensor/tensor_file.h"
#include "lib/train/initial_weights.h"
#include "tests/temporary_folder.h"

namespace fdl::testing {
namespace {

namespace fs = std::filesystem;
using format::SafetensorsDtype;

const fs::path kStored = fs::path(FDL_SOURCE_ROOT) / "tests/parity/torchvision";

// Relative to the largest output: 50 layers of f32 sums, each rounded to 6e-8 and added in an order
// that depends on the processor.
constexpr double kTolerance = 1e-5;

struct Listed {
  std::string name;
  SafetensorsDtype dtype = SafetensorsDtype::F32;
  std::vector<std::int64_t> shape;

  std::uint64_t num_elements() const {
    std::uint64_t out = 1;
    for (const std::int64_t size : shape) out *= static_cast<std::uint64_t>(size);
    return out;
  }
};

// `uniform` of make_torchvision.py.
class Uniform {
 public:
  explicit Uniform(std::string_view name) {
    for (const char c : name) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  }
  double next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    z ^= z >> 31U;
    return static_cast<double>(z >> 40U) / 16777216.0;
  }

 private:
  std::uint64_t state_ = 0xCBF29CE484222325U;
};

// `numbers` of make_torchvision.py, of floating-point tensors.
std::vector<float> numbers(const Listed& tensor) {
  Uniform uniform(tensor.name);
  const bool is_flat = tensor.shape.size() <= 1;
  const bool is_scale =
      tensor.name.ends_with("running_var") || (is_flat && tensor.name.ends_with("weight"));
  double bound = 0;
  if (!is_flat)
    bound = std::sqrt(6 / (static_cast<double>(tensor.num_elements()) /
                           static_cast<double>(tensor.shape.front())));
  std::vector<float> out(tensor.num_elements());
  for (float& value : out) {
    const double u = uniform.next();
    const double scaled = is_scale ? 0.5 + u : is_flat ? 0.2 * u - 0.1 : (2 * u - 1) * bound;
    value = static_cast<float>(scaled);
  }
  return out;
}

std::vector<Listed> listed(const std::string& model) {
  const auto text = read_file(kStored / (model + ".json"));
  REQUIRE(text.has_value());
  const auto tree = nlohmann::ordered_json::parse(*text);
  std::vector<Listed> out;
  for (const auto& [name, entry] : tree.items()) {
    const bool is_integer = entry[0] == "I64";
    out.push_back({name, is_integer ? SafetensorsDtype::I64 : SafetensorsDtype::F32,
                   entry[1].get<std::vector<std::int64_t>>()});
  }
  return out;
}

void write_weights(const std::vector<Listed>& tensors, const fs::path& path) {
  std::vector<format::TensorBytes> headers;
  for (const Listed& t : tensors) {
    headers.push_back(
        {t.name, t.dtype, t.shape, nullptr, t.num_elements() * format::element_bytes(t.dtype)});
  }
  const auto produce = [&](std::size_t i, FileWriter& out) -> Result<void> {
    if (tensors[i].dtype == SafetensorsDtype::F32) {
      const std::vector<float> values = numbers(tensors[i]);
      return out.write(values.data(), 4 * values.size());
    }
    const std::vector<std::int64_t> values(tensors[i].num_elements(), 7);
    return out.write(values.data(), 8 * values.size());
  };
  REQUIRE(format::write_safetensors(path, headers, {}, produce).has_value());
}

graph::Graph zoo_model(const std::string& name, const fs::path& weights) {
  config::Selection selection;
  selection.overrides = {"model.inputs.image=f32[3, 64, 64]", "model.load=" + weights.string()};
  Diagnostics problems;
  const fs::path file = fs::path(FDL_SOURCE_ROOT) / "manifests/zoo" / (name + ".yml");
  const auto manifest =
      config::load_manifest(file, selection, job::merge_rules(), file.parent_path(), problems);
  REQUIRE(manifest.has_value());
  auto graph = graph::build_graph(*manifest, {}, problems);
  INFO(to_text(problems, false));
  REQUIRE(graph.has_value());
  return *std::move(graph);
}

at::Tensor image() {
  const std::vector<float> values = numbers({"input", SafetensorsDtype::F32, {2, 3, 64, 64}});
  at::Tensor out = at::empty({2, 3, 64, 64}, at::kFloat);
  std::copy(values.begin(), values.end(), out.mutable_data_ptr<float>());
  return out;
}

void check_model(const std::string& name) {
  CAPTURE(name);
  const TemporaryFolder folder;
  const fs::path weights = folder.path() / "weights.safetensors";
  const std::vector<Listed> tensors = listed(name);
  write_weights(tensors, weights);
  const graph::Graph graph = zoo_model(name, weights);
  CHECK(graph.tensors.size() == tensors.size());
  const tensor::TensorStore store(graph, 1);
  const train::EventLog log(folder.path() / "events.jsonl");
  const auto loaded = train::load_initial_weights(graph, store, &log);
  INFO((loaded ? "" : to_text(loaded.error(), false)));
  REQUIRE(loaded.has_value());
  const exec::Executor executor(graph, store, {graph.outputs.front().value});
  const auto outputs = executor.run({image()}, {});
  REQUIRE(outputs.has_value());
  const auto stored = tensor::load_tensors(kStored / (name + ".safetensors"));
  REQUIRE(stored.has_value());
  const at::Tensor& expected = stored->front().value;
  const double largest = expected.abs().max().item<double>();
  const double apart = outputs->front().sub(expected).abs().max().item<double>();
  CHECK(apart <= kTolerance * largest);
}

}  // namespace

TEST_CASE("resnet18 is torchvision's") { check_model("resnet18"); }
TEST_CASE("resnet50 is torchvision's") { check_model("resnet50"); }
TEST_CASE("vgg16 is torchvision's") { check_model("vgg16"); }
TEST_CASE("mobilenet_v2 is torchvision's") { check_model("mobilenet_v2"); }

}  // namespace fdl::testing
