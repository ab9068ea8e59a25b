#include "lib/graph/graph.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "lib/base/sha256.h"

namespace fdl::graph {
namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string out;
  for (const std::int64_t size : shape) out += std::to_string(size) + ",";
  return out;
}

// One line per node, in order: everything that decides what it computes.
void describe_block(const Block& block, std::string& out) {
  for (const Node& node : block.nodes) {
    out += fmt::format("node {} {}", node.path, static_cast<int>(node.kind));
    if (node.spec != nullptr) {
      out += " " + node.spec->name();
      for (const config::FieldSpec& field : node.spec->record.fields)
        out += fmt::format(" {}={}", field.name, field.show(node.params.get()));
    }
    for (const Parametrization& p : node.parametrizations) {
      out += fmt::format(" {} by {}", p.tensor, p.spec->name());
      for (const config::FieldSpec& field : p.spec->record.fields)
        out += fmt::format(" {}={}", field.name, field.show(p.params.get()));
    }
    out += fmt::format(" merge={} dim={} times={} condition={} per_sample={} top_k={}",
                       static_cast<int>(node.merge), node.dim, node.times,
                       static_cast<int>(node.condition), node.per_sample, node.top_k);
    if (node.counts_turns) out += " counts_turns";
    if (node.precision) out += fmt::format(" precision={}", to_string(*node.precision));
    out += " in";
    for (const ValueId value : node.inputs) out += fmt::format(" {}", value);
    out += " out";
    for (const ValueId value : node.outputs) out += fmt::format(" {}", value);
    out += " tensors";
    for (const int tensor : node.tensors) out += fmt::format(" {}", tensor);
    out += "\n";
    for (const Block& inner : node.blocks) describe_block(inner, out);
  }
  out += "gives";
  for (const ValueId value : block.outputs) out += fmt::format(" {}", value);
  out += "\n";
}

std::string describe(const State& state, const catalog::TensorType& type) {
  const catalog::Init& init = state.init;
  return fmt::format("state {} {} {} {} {} {} init {} {} {} {} {} {}\n", state.path,
                     to_string(type), state.read, state.written, to_string(state.reset), state.bptt,
                     static_cast<int>(init.kind), init.a, init.b, init.zero_row, init.low,
                     init.high);
}

}  // namespace

std::string_view to_string(State::Reset reset) {
  static constexpr std::array<std::string_view, 3> kNames = {"sequence", "epoch", "never"};
  return kNames[static_cast<std::size_t>(reset)];
}

std::string_view to_string(Node::Kind kind) {
  static constexpr std::array<std::string_view, 8> kNames = {"module", "merge", "loop",   "gate",
                                                             "switch", "fold",  "unfold", "arange"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::int64_t OwnedTensor::num_elements() const {
  catalog::Dim count = 1;  // its arithmetic stops at the largest number
  for (const std::int64_t size : shape) count = count * size;
  return count.number();
}

std::vector<std::string> Graph::named_axes() const {
  std::vector<std::string> out;
  for (const NamedValue& input : inputs) {
    for (const catalog::Dim& dim : values[static_cast<std::size_t>(input.value)].type.shape) {
      const std::string axis = dim.text();
      const bool is_new = std::find(out.begin(), out.end(), axis) == out.end();
      if (!dim.is_number() && axis != "B" && is_new) out.push_back(axis);
    }
  }
  return out;
}

std::int64_t Graph::num_parameters() const {
  catalog::Dim count = 0;
  for (const OwnedTensor& tensor : tensors)
    count = count + (tensor.is_buffer ? 0 : tensor.num_elements());
  return count.number();
}

std::string Graph::hash() const {
  std::string text = "fdl graph 1\n";
  for (const NamedValue& input : inputs)
    text += fmt::format("input {} {}\n", input.name,
                        to_string(values[static_cast<std::size_t>(input.value)].type));
  for (const NamedValue& output : outputs)
    text += fmt::format("output {} {}\n", output.name, output.value);
  for (const OwnedTensor& tensor : tensors) {
    text += fmt::format("tensor {} {} {} {}\n", tensor.path, to_string(tensor.dtype),
                        shape_text(tensor.shape), tensor.is_buffer);
  }
  describe_block(root, text);
  for (const PartialLoss& partial : partial_losses)
    text += fmt::format("loss {} {}\n", partial.value, partial.weight);
  for (const State& state : states)
    text += describe(state, values[static_cast<std::size_t>(state.read)].type);
  return sha256_hex(text);
}

}  // namespace fdl::graph
