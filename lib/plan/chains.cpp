#include "lib/plan/chains.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "lib/catalog/modules/gelu.h"
#include "lib/catalog/modules/layer_norm.h"
#include "lib/catalog/tensor_type.h"

namespace fdl::plan {
namespace {

using graph::Node;
using graph::ValueId;

struct Named {
  Kernel kernel;
  std::string_view name;
  bool is_module = true;  // of that name; a linear is a product, and a bias where it has one
};

constexpr std::array kKernels = {
    Named{Kernel::Product, "product", false},
    Named{Kernel::Bias, "bias", false},
    Named{Kernel::Add, "add", false},
    Named{Kernel::Relu, "relu"},
    Named{Kernel::Gelu, "gelu"},
    Named{Kernel::Tanh, "tanh"},
    Named{Kernel::Sigmoid, "sigmoid"},
    Named{Kernel::Silu, "silu"},
    Named{Kernel::Dropout, "dropout"},
    Named{Kernel::LayerNorm, "layer_norm"},
};

std::optional<Kernel> kernel_of(const Node& node) {
  if (node.kind == Node::Kind::Merge && node.merge == graph::MergeKind::Add) return Kernel::Add;
  if (node.kind != Node::Kind::Module) return std::nullopt;
  if (node.spec->name() == "linear") return Kernel::Product;
  for (const Named& one : kKernels) {
    if (one.is_module && node.spec->name() == one.name) return one.kernel;
  }
  return std::nullopt;
}

const catalog::TensorType& type_of(const graph::Graph& graph, ValueId value) {
  return graph.values[static_cast<std::size_t>(value)].type;
}

std::int64_t width_of(const graph::Graph& graph, ValueId value) {
  return type_of(graph, value).shape.back().number();
}

// All axes but the last, which the values of a chain have alike.
bool same_rows(const catalog::Shape& a, const catalog::Shape& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end() - 1, b.begin());
}

std::string parameters_against(Kernel kernel, const Node& node) {
  if (kernel == Kernel::Gelu &&
      static_cast<const catalog::GeluParams*>(node.params.get())->approximate != "none")
    return "gelu by the tanh formula";
  if (kernel == Kernel::LayerNorm &&
      static_cast<const catalog::LayerNormParams*>(node.params.get())->normalized_shape.size() != 1)
    return "a norm of several axes";
  return "";
}

}  // namespace

std::string_view to_string(Kernel kernel) {
  return std::find_if(kKernels.begin(), kKernels.end(),
                      [&](const Named& one) { return one.kernel == kernel; })
      ->name;
}

std::string reason_against(const graph::Graph& graph, const Node& node) {
  const std::optional<Kernel> kernel = kernel_of(node);
  const std::string what(node.spec != nullptr ? node.spec->name() : to_string(node.kind));
  if (!kernel) return "chains have no kernel for " + what;
  if (!node.parametrizations.empty()) return "a computed tensor";
  if (node.precision) return "a precision of its own";
  if (std::string why = parameters_against(*kernel, node); !why.empty()) return why;
  const catalog::TensorType& out = type_of(graph, node.outputs.front());
  const auto fits = [&](ValueId value) {
    const catalog::TensorType& type = type_of(graph, value);
    return type.dtype == catalog::DType::F32 && type.shape.size() >= 2 &&
           type.shape.back().is_number() && same_rows(type.shape, out.shape);
  };
  if (*kernel == Kernel::Add && node.inputs.size() != 2) return "a sum of more than two";
  const bool all_fit =
      fits(node.outputs.front()) && std::all_of(node.inputs.begin(), node.inputs.end(), fits);
  if (!all_fit) return "not rows of f32";
  const bool broadcasts =
      *kernel == Kernel::Add && std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId v) {
        return !(type_of(graph, v).shape == out.shape);
      });
  return broadcasts ? "a sum of different shapes" : "";
}

std::size_t chain_at_end(const graph::Graph& graph, std::span<const Node> nodes,
                         std::size_t depth) {
  std::size_t count = 0;
  for (; count < nodes.size(); ++count) {
    const Node& node = nodes[nodes.size() - count - 1];
    if (node.recompute.size() > depth || !reason_against(graph, node).empty()) break;
    if (!same_rows(type_of(graph, node.outputs.front()).shape,
                   type_of(graph, nodes.back().outputs.front()).shape))
      break;
  }
  return count < 2 ? 0 : count;  // alone, an operator of libtorch does as well
}

namespace {

class Maker {
 public:
  Maker(const graph::Graph& graph, Chain& out) : graph_(graph), out_(out) {}

  void add(const Node& node) {
    Chain::Part part{&node, *kernel_of(node), {}, width_of(graph_, node.outputs.front())};
    for (const ValueId value : node.inputs) part.inputs.push_back(place_of(value));
    const bool has_bias = part.kernel == Kernel::Product && node.tensors.size() > 1;
    out_.parts.push_back(std::move(part));
    if (has_bias) out_.parts.push_back({&node, Kernel::Bias, {last()}, out_.parts.back().width});
    part_of_[node.outputs.front()] = last();
  }

  int last() const { return static_cast<int>(out_.parts.size()) - 1; }

 private:
  int place_of(ValueId value) {
    if (const auto found = part_of_.find(value); found != part_of_.end()) return found->second;
    const auto read = std::find(out_.reads.begin(), out_.reads.end(), value);
    const auto place = static_cast<int>(read - out_.reads.begin());
    if (read == out_.reads.end()) {
      out_.reads.push_back(value);
      out_.read_widths.push_back(width_of(graph_, value));
    }
    return -1 - place;
  }

  const graph::Graph& graph_;
  Chain& out_;
  std::map<ValueId, int> part_of_;
};

}  // namespace

Chain make_chain(const graph::Graph& graph, std::span<const Node> nodes,
                 const std::function<bool(ValueId)>& is_needed) {
  std::vector<const Node*> needed;
  std::vector<ValueId> read;
  const auto is_wanted = [&](ValueId value) {
    return is_needed(value) || std::find(read.begin(), read.end(), value) != read.end();
  };
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    if (!is_wanted(node->outputs.front())) continue;
    needed.push_back(&*node);
    read.insert(read.end(), node->inputs.begin(), node->inputs.end());
  }
  std::reverse(needed.begin(), needed.end());
  Chain out;
  Maker maker(graph, out);
  for (const Node* node : needed) {
    maker.add(*node);
    if (!is_needed(node->outputs.front())) continue;
    out.makes.push_back(node->outputs.front());
    out.makers.push_back(maker.last());
  }
  return out;
}

std::vector<std::pair<int, int>> groups_of(const Chain& chain) {
  std::vector<std::pair<int, int>> out;
  bool is_open = false;
  for (int i = 0; i < static_cast<int>(chain.parts.size()); ++i) {
    const bool is_product = chain.parts[static_cast<std::size_t>(i)].kernel == Kernel::Product;
    if (is_product || !is_open)
      out.emplace_back(i, i + 1);
    else
      out.back().second = i + 1;
    is_open = !is_product;
  }
  return out;
}

}  // namespace fdl::plan
