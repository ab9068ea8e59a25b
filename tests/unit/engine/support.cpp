#include "tests/unit/engine/support.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/zeros.h>
#include <doctest/doctest.h>

#include "lib/base/diagnostic.h"
#include "lib/config/bind.h"
#include "lib/config/yaml.h"
#include "lib/format/safetensors.h"
#include "lib/graph/build.h"
#include "lib/job/sections.h"
#include "lib/tensor/dtype.h"
#include "lib/tensor/random.h"

namespace fdl::testing {
namespace {

void require_none(const Diagnostics& problems) {
  INFO(to_text(problems, false));
  REQUIRE(!problems.has_errors());
}

ParityFile read_parity(const std::filesystem::path& path,
                       const std::map<std::string, std::string>& metadata) {
  ParityFile out{path.stem().string(), metadata, {}};
  const auto tensors = tensor::load_tensors(path);
  REQUIRE(tensors.has_value());
  for (const auto& t : *tensors) out.tensors[t.name] = t.value;
  return out;
}

}  // namespace

bool is_close(const at::Tensor& a, const at::Tensor& b, double tolerance) {
  if (!a.defined() || !b.defined() || a.sizes() != b.sizes()) return false;
  if (a.scalar_type() != b.scalar_type()) return false;
  if (a.numel() == 0) return true;
  const at::Tensor x = a.detach().to(at::kDouble), y = b.detach().to(at::kDouble);
  const double largest = y.abs().max().item<double>(), off = x.sub(y).abs().max().item<double>();
  if (off <= tolerance * largest) return true;
  MESSAGE("off by ", off, " where the largest is ", largest);
  return false;
}

bool is_same(const at::Tensor& a, const at::Tensor& b) {
  if (!a.defined() || !b.defined() || a.scalar_type() != b.scalar_type()) return false;
  if (at::equal(a, b)) return true;
  // NaN is the same where its bits are.
  const at::Tensor x = a.contiguous(), y = b.contiguous();
  return a.sizes() == b.sizes() && std::memcmp(x.data_ptr(), y.data_ptr(), x.nbytes()) == 0;
}

config::Node yaml(const std::string& text) {
  auto source = std::make_shared<Source>();
  source->name = "test.yml";
  source->text = text;
  Diagnostics problems;
  const auto node = config::read_yaml(source, problems);
  require_none(problems);
  REQUIRE(node.has_value());
  return *node;
}

catalog::Choice choose(catalog::EntryKind kind, const std::string& text) {
  Diagnostics problems;
  const auto choice = catalog::read_choice(kind, yaml(text), {}, problems);
  require_none(problems);
  REQUIRE(choice.has_value());
  return *choice;
}

std::vector<job::ParameterGroup> groups_of(const std::string& optimizer,
                                           const std::vector<std::string>& paths) {
  graph::Graph graph;
  for (const std::string& path : paths) {
    graph.tensors.emplace_back();
    graph.tensors.back().path = path;
  }
  Diagnostics problems;
  auto out = job::read_groups(choose(catalog::EntryKind::Optimizer, optimizer), graph, problems);
  require_none(problems);
  return out;
}

graph::Graph build(const std::string& model) {
  std::string text = "model:\n";
  for (std::size_t begin = 0; begin < model.size();) {
    const std::size_t end = std::min(model.find('\n', begin), model.size());
    text += "  " + model.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  config::Manifest manifest;
  manifest.root = yaml(text);
  Diagnostics problems;
  auto graph = graph::build_graph(manifest, {}, problems);
  require_none(problems);
  REQUIRE(graph.has_value());
  return *std::move(graph);
}

catalog::TensorType type_of(const at::Tensor& tensor) {
  if (!tensor.defined()) return catalog::TensorType::absent();
  catalog::TensorType type;
  type.dtype = tensor::dtype_of(tensor.scalar_type());
  for (const std::int64_t size : tensor.sizes()) type.shape.emplace_back(size);
  return type;
}

at::Tensor random_tensor(const std::vector<std::int64_t>& shape, std::uint64_t seed,
                         at::ScalarType dtype) {
  tensor::RandomStream stream(tensor::StreamKey(seed, tensor::Purpose::Synthetic));
  at::Tensor out = at::empty(shape, at::kDouble);
  auto* values = out.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < out.numel(); ++i) values[i] = stream.normal();
  return out.to(dtype);
}

std::map<std::string, std::vector<std::int64_t>> BoundModule::owned() const {
  std::map<std::string, std::vector<std::int64_t>> out;
  for (const auto& t : spec->owned(params.get())) out[t.name] = spec->tensor_shape(t, params.get());
  return out;
}

std::optional<BoundModule> bind_module(const std::string& name, const config::Node& params,
                                       const std::vector<catalog::TensorType>& inputs) {
  BoundModule out;
  out.spec = catalog::find_module(name);
  REQUIRE(out.spec != nullptr);
  out.params = out.spec->make_params();
  Diagnostics problems;
  config::bind_record(out.spec->record, params, out.params.get(), problems);
  if (problems.has_errors()) return std::nullopt;
  for (const auto& requirement : out.spec->requirements) {
    if (requirement(out.params.get())) return std::nullopt;
  }
  if (inputs.size() != out.spec->inputs.size()) return std::nullopt;
  if (auto types = out.spec->infer(out.params.get(), inputs)) out.outputs = *std::move(types);
  return out;
}

std::vector<catalog::TensorType> types_of(const std::vector<at::Tensor>& tensors) {
  std::vector<catalog::TensorType> out;
  for (const at::Tensor& tensor : tensors) out.push_back(type_of(tensor));
  return out;
}

namespace {

// Small whole numbers where a module takes integers, so that they are rows of its table too.
at::Tensor random_of(const catalog::InputSpec& input, catalog::DType dtype,
                     const std::vector<std::int64_t>& shape, std::uint64_t seed) {
  const at::Tensor values = random_tensor(shape, seed, at::kDouble);
  if (input.is_positive) return values.abs().add(0.5);
  if (dtype == catalog::DType::Bool) return values.gt(-1);
  const bool is_whole = input.dtype == catalog::DTypeClass::Integer || catalog::is_integer(dtype);
  return is_whole ? values.abs().mul(2).to(at::kLong) : values;
}

std::vector<at::Tensor> declared_inputs(const catalog::ModuleSpec& spec) {
  std::vector<at::Tensor> out;
  for (const std::string& text : spec.example_inputs) {
    std::map<std::string, std::int64_t> bounds;
    std::string why;
    const auto type = catalog::parse_tensor_type(text, bounds, why);
    INFO(text, ": ", why);
    REQUIRE(type.has_value());
    std::vector<std::int64_t> shape = {3};
    for (const catalog::Dim& dim : type->shape) shape.push_back(dim.number());
    out.push_back(random_of(spec.inputs[out.size()], type->dtype, shape, out.size()));
  }
  out.resize(spec.inputs.size());
  return out;
}

}  // namespace

Example example_of(const std::string& name) {
  const catalog::ModuleSpec& spec = *catalog::find_module(name);
  INFO(name);
  const config::Node example = yaml(spec.example);
  const config::Node params = example.is_map() ? example.entries.front().value : config::Node();
  std::vector<std::vector<at::Tensor>> candidates;
  if (!spec.example_inputs.empty()) {
    candidates.push_back(declared_inputs(spec));
  } else {
    for (const std::vector<std::int64_t>& shape :
         std::vector<std::vector<std::int64_t>>{{3, 6}, {2, 3, 6}, {2, 3, 6, 5}}) {
      candidates.emplace_back(spec.inputs.size());
      candidates.back()[0] = random_of(spec.inputs[0], catalog::DType::F64, shape, shape.size());
    }
  }
  for (const std::vector<at::Tensor>& inputs : candidates) {
    const auto module = bind_module(name, params, types_of(inputs));
    REQUIRE(module.has_value());
    if (module->outputs) return {*module, inputs};
  }
  FAIL(("the example of " + name + " takes none of the usual inputs: declare some beside it"));
  return {};
}

at::Tensor of_kind(catalog::Values values, const at::Tensor& raw) {
  switch (values) {
    case catalog::Values::Any:
      return raw;
    case catalog::Values::Probabilities:
      return at::sigmoid(raw);
    case catalog::Values::LogProbabilities:
      return at::log_softmax(raw, -1);
    case catalog::Values::Positive:
      return at::exp(raw);
    case catalog::Values::Classes:
      return raw.gt(0).add(1);  // 1 or 2: class 0 may be ctc's blank
    case catalog::Values::ClassSets:
      return at::cat({raw.argsort(-1, false).slice(-1, 0, 2), at::full_like(raw, -1).slice(-1, 2)},
                     -1);
    case catalog::Values::ZeroOrOne:
      return raw.gt(0);
    case catalog::Values::PlusMinus:
      return raw.gt(0).to(at::kDouble).mul(2).sub(1);
    case catalog::Values::Lengths:
      return raw.gt(0).add(1);
  }
  return raw;
}

std::vector<at::Tensor> loss_sample(const std::string& name) {
  std::vector<at::Tensor> out;
  for (const auto& spec : catalog::find_entry(catalog::EntryKind::Loss, name)->compared) {
    if (spec.is_optional) {
      out.emplace_back();
      continue;
    }
    std::map<std::string, std::int64_t> bounds;
    std::string why;
    const auto type = catalog::parse_tensor_type(spec.example, bounds, why);
    INFO(name, " ", spec.name, ": ", why);
    REQUIRE(type.has_value());
    std::vector<std::int64_t> shape = {3};
    for (const catalog::Dim& dim : type->shape) shape.push_back(dim.number());
    const at::Tensor value = of_kind(spec.values, random_tensor(shape, out.size(), at::kDouble));
    out.push_back(value.to(catalog::is_integer(type->dtype) ? at::kLong : at::kDouble));
  }
  return out;
}

const at::Tensor& ParityFile::operator[](const std::string& tensor) const {
  INFO("tensor ", tensor);
  REQUIRE(has(tensor));
  return tensors.at(tensor);
}

std::vector<ParityFile> parity_files(const std::string& kind) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(FDL_SOURCE_ROOT "/tests/parity")) {
    if (entry.path().extension() == ".safetensors") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<ParityFile> out;
  for (const auto& path : paths) {
    const auto header = format::read_safetensors_header(path);
    REQUIRE(header.has_value());
    if (header->metadata.count(kind) != 0) out.push_back(read_parity(path, header->metadata));
  }
  REQUIRE(!out.empty());
  return out;
}

}  // namespace fdl::testing
