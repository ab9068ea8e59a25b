#include "lib/onnx/export.h"

#include <algorithm>
#include <optional>
#include <set>
#include <span>

#include "lib/onnx/builder.h"
#include "lib/weights/numbers.h"

namespace fdl::onnx {
namespace {

using graph::Node;
using graph::ValueId;

// A file of protocol buffers ends before 2 GiB; names and operations take little of it.
constexpr std::uint64_t kMostBytes = (std::uint64_t{1} << 31) - (std::uint64_t{16} << 20);

std::vector<std::string> axes_of(const catalog::TensorType& type) {
  std::vector<std::string> out;
  for (const catalog::Dim& dim : type.shape)
    out.push_back(dim == catalog::Dim::named("B") ? "batch" : dim.text());
  return out;
}

Port port_of(const std::string& name, const catalog::TensorType& type) {
  return {name, element_type(type.dtype), axes_of(type)};
}

void add_reads(const graph::Block& block, std::set<ValueId>& reads);

void add_reads(const Node& node, std::set<ValueId>& reads) {
  reads.insert(node.inputs.begin(), node.inputs.end());
  for (const graph::Block& inner : node.blocks) add_reads(inner, reads);
}

void add_reads(const graph::Block& block, std::set<ValueId>& reads) {
  reads.insert(block.outputs.begin(), block.outputs.end());
  for (const Node& node : block.nodes) add_reads(node, reads);
}

// The nodes that the outputs depend on.
graph::Block wanted(const graph::Graph& graph) {
  std::set<ValueId> reads;
  for (const graph::NamedValue& output : graph.outputs) reads.insert(output.value);
  graph::Block out;
  for (auto node = graph.root.nodes.rbegin(); node != graph.root.nodes.rend(); ++node) {
    const bool is_read = std::any_of(node->outputs.begin(), node->outputs.end(),
                                     [&](ValueId id) { return reads.count(id) != 0; });
    if (!is_read) continue;
    add_reads(*node, reads);
    out.nodes.push_back(*node);
  }
  std::reverse(out.nodes.begin(), out.nodes.end());
  return out;
}

// That of a floating-point tensor in a file.
std::optional<format::SafetensorsDtype> floating_dtype(catalog::DType dtype) {
  using format::SafetensorsDtype;
  switch (dtype) {
    case catalog::DType::F32:
      return SafetensorsDtype::F32;
    case catalog::DType::F64:
      return SafetensorsDtype::F64;
    case catalog::DType::F16:
      return SafetensorsDtype::F16;
    case catalog::DType::BF16:
      return SafetensorsDtype::BF16;
    default:
      return std::nullopt;
  }
}

// The bytes of a stored tensor as the model has it.
Result<std::string> bytes_of(const weights::WeightFiles& files, const weights::StoredTensor& stored,
                             catalog::DType dtype) {
  std::string bytes(stored.num_bytes, '\0');
  FDL_TRY(files.read(stored, 0, std::as_writable_bytes(std::span(bytes))));
  const auto wanted_dtype = floating_dtype(dtype);
  if (!wanted_dtype || stored.dtype == *wanted_dtype) return bytes;
  const auto numbers = weights::decode(stored.dtype, std::as_bytes(std::span(bytes)));
  const std::vector<std::byte> made = weights::encode(*wanted_dtype, numbers);
  return std::string(reinterpret_cast<const char*>(made.data()), made.size());
}

}  // namespace

Result<Model> lower(const graph::Graph& graph) {
  if (!graph.states.empty()) {
    return fail(
        error(Code::CannotExport, graph.states.front().span,
              "a model with `state:` cannot be written as ONNX, where a model keeps nothing "
              "from call to call")
            .at_node(graph.states.front().path));
  }
  Emitter out(graph);
  GraphBuilder builder(graph, out);
  Model model;
  std::vector<Port> inputs;
  for (const graph::NamedValue& input : graph.inputs) {
    builder[input.value] = out.fresh(input.name);
    const auto& type = graph.values[static_cast<std::size_t>(input.value)].type;
    inputs.push_back(port_of(builder[input.value], type));
  }
  std::vector<std::string> names;
  for (const graph::NamedValue& output : graph.outputs) names.push_back(out.fresh(output.name));
  FDL_TRY(builder.block(wanted(graph)));
  std::vector<Port> outputs;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const ValueId id = graph.outputs[i].value;
    out.rename(builder[id], names[i]);
    outputs.push_back(port_of(names[i], graph.values[static_cast<std::size_t>(id)].type));
  }
  model.graph = out.take();
  model.graph.name = graph.name.empty() ? "model" : graph.name;
  model.graph.inputs = std::move(inputs);
  model.graph.outputs = std::move(outputs);
  return model;
}

Result<void> fill(const graph::Graph& graph, const weights::WeightFiles& files, Model& model) {
  std::uint64_t total = 0;
  for (Tensor& tensor : model.graph.constants) {
    if (!tensor.bytes.empty()) continue;
    const auto owned = std::find_if(graph.tensors.begin(), graph.tensors.end(),
                                    [&](const auto& t) { return t.path == tensor.name; });
    const weights::StoredTensor* const stored = files.find(tensor.name);
    if (stored == nullptr || stored->shape != tensor.shape) {
      return fail(error(Code::WeightsMismatch, {}, "the weights have {} for '{}', but the model {}",
                        stored == nullptr ? "nothing" : stored->type_text(), tensor.name,
                        to_string(catalog::Shape(tensor.shape.begin(), tensor.shape.end())))
                      .help("they are of another model; `--model` names the manifest of theirs"));
    }
    total += stored->num_bytes;
    if (total > kMostBytes) {
      return fail(error(Code::CannotExport, {},
                        "the weights are too large for ONNX: a file holds less than 2 GiB")
                      .help("export them as safetensors"));
    }
    Result<std::string> bytes = bytes_of(files, *stored, owned->dtype);
    if (!bytes) return fail(bytes.error());
    tensor.bytes = *std::move(bytes);
  }
  return {};
}

}  // namespace fdl::onnx
