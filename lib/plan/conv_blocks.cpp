#include "lib/plan/conv_blocks.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "lib/catalog/channels_last.h"
#include "lib/catalog/modules/batch_norm.h"
#include "lib/catalog/modules/max_pool2d.h"

namespace fdl::plan {
namespace {

using graph::Node;
using graph::ValueId;

const catalog::TensorType& type_of(const graph::Graph& graph, ValueId value) {
  return graph.values[static_cast<std::size_t>(value)].type;
}

// Four channels are taken at a time.
bool are_images(const catalog::TensorType& type) {
  using catalog::DType;
  const bool is_known =
      type.dtype == DType::F32 || type.dtype == DType::BF16 || type.dtype == DType::F16;
  return is_known && type.shape.size() == 4 && type.shape[1].is_number() &&
         type.shape[1].number() % 4 == 0;
}

std::string parameters_against(const Node& node) {
  if (node.spec->name() == "batch_norm") {
    const auto& norm = *static_cast<const catalog::BatchNormParams*>(node.params.get());
    return norm.momentum ? "" : "a norm that averages all batches alike";
  }
  if (node.spec->name() != "max_pool2d") return "";
  const auto& pool = *static_cast<const catalog::MaxPool2dParams*>(node.params.get());
  if (pool.dilation != catalog::filled<2>(1) || pool.ceil_mode)
    return "windows with gaps or beyond the edge";
  constexpr std::int64_t kMostPlaces = 254;  // in a window: each is kept as a byte
  return pool.kernel_size[0] * pool.kernel_size[1] <= kMostPlaces ? "" : "large windows";
}

// Walks backwards from the last node.
class Walk {
 public:
  Walk(const graph::Graph& graph, std::span<const Node> nodes, std::size_t depth,
       const std::function<bool(ValueId)>& is_needed)
      : graph_(graph), nodes_(nodes), depth_(depth), is_needed_(is_needed) {}

  // Takes the node that stands before those that have been taken, if it is of that name.
  const Node* take(std::string_view module) {
    const Node* const node = next();
    if (node == nullptr || node->kind != Node::Kind::Module || node->spec->name() != module)
      return nullptr;
    if (!node->parametrizations.empty() || !parameters_against(*node).empty()) return nullptr;
    return enter(*node);
  }

  // The same of a sum of two that are alike. What stands before it is one of them.
  const Node* take_sum() {
    const Node* const node = next();
    const bool adds = node != nullptr && node->kind == Node::Kind::Merge &&
                      node->merge == graph::MergeKind::Add && node->inputs.size() == 2 &&
                      out_.count + 1 < nodes_.size();
    if (!adds) return nullptr;
    const ValueId before = nodes_[nodes_.size() - out_.count - 2].outputs.front();
    const bool is_second = node->inputs[1] == before;
    if (node->inputs[0] == node->inputs[1] || (node->inputs[0] != before && !is_second))
      return nullptr;
    const ValueId other = node->inputs[is_second ? 0 : 1];
    if (!(type_of(graph_, other) == type_of(graph_, before))) return nullptr;
    out_.added = other;
    main_input_ = is_second ? 1 : 0;
    return enter(*node);
  }

  ConvBlock& out() { return out_; }

 private:
  // Null where it is not read by what comes after it alone.
  const Node* next() const {
    if (out_.count == nodes_.size()) return nullptr;
    const Node& node = nodes_[nodes_.size() - out_.count - 1];
    if (node.recompute.size() > depth_ || node.outputs.size() != 1) return nullptr;
    if (!are_images(type_of(graph_, node.outputs.front()))) return nullptr;
    if (last_ == nullptr) return &node;
    const ValueId made = node.outputs.front();
    return last_->inputs[main_input_] == made && !is_needed_(made) ? &node : nullptr;
  }

  const Node* enter(const Node& node) {
    if (node.kind == Node::Kind::Module) main_input_ = 0;
    last_ = &node;
    ++out_.count;
    return &node;
  }

  const graph::Graph& graph_;
  std::span<const Node> nodes_;
  std::size_t depth_;
  const std::function<bool(ValueId)>& is_needed_;
  ConvBlock out_;
  const Node* last_ = nullptr;  // that was taken
  std::size_t main_input_ = 0;  // of it, where the block goes on
};

}  // namespace

std::string reason_against_block(const graph::Graph& graph, const Node& node) {
  constexpr std::array kModules = {"conv2d", "batch_norm", "relu", "max_pool2d", "cast"};
  const bool adds = node.kind == Node::Kind::Merge && node.merge == graph::MergeKind::Add;
  const std::string what(node.spec != nullptr ? node.spec->name() : to_string(node.kind));
  const bool is_known =
      adds || (node.kind == Node::Kind::Module &&
               std::find(kModules.begin(), kModules.end(), what) != kModules.end());
  if (!is_known) return "no kernel behind convolutions for " + what;
  if (!node.parametrizations.empty()) return "a computed tensor";
  if (adds) return node.inputs.size() == 2 ? "" : "a sum of more than two";
  if (std::string why = parameters_against(node); !why.empty()) return why;
  return are_images(type_of(graph, node.outputs.front())) ? "" : "no images with channels by four";
}

BlockKernels block_kernels(const catalog::Passes& passes, bool on_gpu) {
  if (!passes.chains) return BlockKernels::None;
  if (on_gpu) return BlockKernels::Gpu;
  return catalog::puts_channels_last(passes) ? BlockKernels::Cpu : BlockKernels::None;
}

namespace {

std::optional<ConvBlock> of_gpu(Walk& walk, const graph::Graph& graph,
                                std::span<const Node> nodes) {
  ConvBlock& out = walk.out();
  out.pool = walk.take("max_pool2d");
  out.relu = walk.take("relu");
  out.sum = walk.take_sum();
  out.narrow = walk.take("cast");
  out.norm = walk.take("batch_norm");
  if (out.narrow != nullptr && out.norm != nullptr) out.widen = walk.take("cast");
  const bool is_whole = (out.narrow == nullptr) == (out.widen == nullptr) &&
                        (out.narrow == nullptr || out.norm != nullptr);
  if (!is_whole) return std::nullopt;
  out.conv = walk.take("conv2d");
  const bool begins = out.conv != nullptr || out.norm != nullptr;
  if (!begins || out.count < 2) return std::nullopt;
  // All images of one type, that which casts come from and go to.
  const catalog::DType of_input =
      type_of(graph, out.conv != nullptr ? out.conv->outputs.front() : out.first().inputs.front())
          .dtype;
  return of_input == type_of(graph, nodes.back().outputs.front()).dtype ? std::optional(out)
                                                                        : std::nullopt;
}

bool has_windows_of_two(const Node& node) {
  const auto& pool = *static_cast<const catalog::MaxPool2dParams*>(node.params.get());
  const auto two = catalog::filled<2>(2);
  return pool.kernel_size == two && pool.stride.value_or(two) == two &&
         pool.padding == catalog::filled<2>(0);
}

std::optional<ConvBlock> of_cpu(Walk& walk, const graph::Graph& graph,
                                std::span<const Node> nodes) {
  ConvBlock& out = walk.out();
  out.pool = walk.take("max_pool2d");
  if (out.pool != nullptr && !has_windows_of_two(*out.pool)) return std::nullopt;
  out.relu = walk.take("relu");
  if (out.relu == nullptr) return std::nullopt;
  if (out.pool == nullptr) out.sum = walk.take_sum();
  out.norm = walk.take("batch_norm");
  if (out.norm == nullptr || out.norm->is_frozen) return std::nullopt;
  const auto is_f32 = [&](ValueId value) {
    return type_of(graph, value).dtype == catalog::DType::F32;
  };
  return is_f32(out.norm->inputs.front()) && is_f32(nodes.back().outputs.front())
             ? std::optional(out)
             : std::nullopt;
}

}  // namespace

std::optional<ConvBlock> conv_block_at_end(const graph::Graph& graph, std::span<const Node> nodes,
                                           std::size_t depth,
                                           const std::function<bool(ValueId)>& is_needed,
                                           BlockKernels kernels) {
  if (kernels == BlockKernels::None || nodes.empty() || nodes.back().outputs.empty())
    return std::nullopt;
  Walk walk(graph, nodes, depth, is_needed);
  return kernels == BlockKernels::Gpu ? of_gpu(walk, graph, nodes) : of_cpu(walk, graph, nodes);
}

}  // namespace fdl::plan
