#include "lib/onnx/call.h"

#include <algorithm>

namespace fdl::onnx {

Call::Call(const graph::Graph& graph, const graph::Node& node, std::vector<std::string> inputs,
           Emitter& emitter)
    : graph_(graph), node_(node), inputs_(std::move(inputs)), emitter_(emitter) {
  const auto type_of = [&](graph::ValueId id) {
    return id == graph::kAbsent ? catalog::TensorType::absent()
                                : graph.values[static_cast<std::size_t>(id)].type;
  };
  for (const graph::ValueId id : node.inputs) types_.push_back(type_of(id));
  for (const graph::ValueId id : node.outputs) made_.push_back(type_of(id));
}

std::string Call::own(const std::string& name) const {
  const auto found = std::find(node_.tensor_names.begin(), node_.tensor_names.end(), name);
  if (found == node_.tensor_names.end()) return "";
  const auto place = static_cast<std::size_t>(found - node_.tensor_names.begin());
  const std::string out = emitter_.tensor(node_.tensors[place]);
  return node_.precision ? cast(out, *node_.precision) : out;
}

std::string Call::cast(const std::string& x, catalog::DType to) const {
  return emitter_.add("Cast", {x}, {{"to", static_cast<std::int64_t>(element_type(to))}});
}

std::optional<std::int64_t> Call::most(const catalog::Dim& dim) const {
  return dim.is_number() ? dim.number() : dim.evaluate(graph_.axis_bounds);
}

std::optional<std::string> Call::sizes(const catalog::Shape& shape, bool one_is_left) const {
  std::vector<std::int64_t> numbers;
  for (const catalog::Dim& dim : shape) numbers.push_back(dim.is_number() ? dim.number() : -1);
  const auto open = std::count(numbers.begin(), numbers.end(), -1);
  if (open == 0 || (open == 1 && one_is_left)) return emitter_.integers(numbers);
  std::vector<std::string> parts;
  for (const catalog::Dim& dim : shape) {
    std::string part = dim.is_number() ? emitter_.integers({dim.number()}) : "";
    for (std::size_t i = 0; part.empty() && i < types_.size(); ++i) {
      const catalog::Shape& from = types_[i].shape;
      const auto found = std::find(from.begin(), from.end(), dim);
      if (types_[i].is_absent || found == from.end()) continue;
      const std::string all = emitter_.add("Shape", {inputs_[i]});
      part = emitter_.add("Gather", {all, emitter_.integers({found - from.begin()})});
    }
    if (part.empty() && !std::exchange(one_is_left, false)) return std::nullopt;
    parts.push_back(part.empty() ? emitter_.integers({-1}) : part);
  }
  return emitter_.add("Concat", parts, {{"axis", std::int64_t{0}}});
}

tl::expected<std::string, std::string> Call::reshape(const std::string& x,
                                                     const catalog::Shape& shape) const {
  const auto to = sizes(shape, /*one_is_left=*/true);
  if (!to)
    return tl::unexpected("its shape " + to_string(shape) + " cannot be told from its inputs");
  return emitter_.add("Reshape", {x, *to});
}

std::string Call::linear(const std::string& x, std::size_t num_axes, const std::string& weight,
                         const std::string& bias) const {
  if (num_axes == 2) {
    std::vector<std::string> inputs = {x, weight};
    if (!bias.empty()) inputs.push_back(bias);
    return add("Gemm", inputs, {{"transB", std::int64_t{1}}});
  }
  const std::string turned =
      add("Transpose", {weight}, {{"perm", std::vector<std::int64_t>{1, 0}}});
  const std::string out = add("MatMul", {x, turned});
  return bias.empty() ? out : add("Add", {out, bias});
}

}  // namespace fdl::onnx
