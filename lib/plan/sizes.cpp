#include "lib/plan/sizes.h"

namespace fdl::plan {

using catalog::Dim;
using catalog::TensorType;

Sizes::Sizes(const graph::Graph& graph, std::int64_t batch_size)
    : graph_(graph), sizes_(graph.axis_bounds) {
  for (const auto& [name, size] : graph.assumed_sizes) sizes_[name] = size;
  sizes_["B"] = batch_size;
}

Dim Sizes::number_of(const Dim& dim) const {
  return dim.is_number() ? dim : Dim(dim.evaluate(sizes_).value_or(0));
}

Dim Sizes::bytes_of(graph::ValueId value) const {
  const TensorType& type = type_of(value);
  Dim out = catalog::bytes_of(type.dtype);
  for (const Dim& dim : type.shape) out = out * number_of(dim);
  return out;
}

std::vector<TensorType> Sizes::types_of(const std::vector<graph::ValueId>& values) const {
  std::vector<TensorType> out;
  for (const graph::ValueId id : values)
    out.push_back(id == graph::kAbsent ? TensorType::absent() : type_of(id));
  for (TensorType& type : out) {
    for (Dim& dim : type.shape) dim = number_of(dim);
  }
  return out;
}

Dim Sizes::count(const catalog::Count& declared, const graph::Node& node) const {
  if (!declared) return 0;
  return number_of(declared(node.params.get(), types_of(node.inputs), types_of(node.outputs)));
}

}  // namespace fdl::plan
