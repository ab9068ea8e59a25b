#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lib/graph/graph.h"

namespace fdl::plan {

// What the named axes of a graph stand for in one batch. An axis without a size counts as nothing.
class Sizes {
 public:
  // B is the batch; named axes take their assumed size, else their bound.
  Sizes(const graph::Graph& graph, std::int64_t batch_size);

  catalog::Dim number_of(const catalog::Dim& dim) const;  // a number
  catalog::Dim bytes_of(graph::ValueId value) const;
  const catalog::TensorType& type_of(graph::ValueId value) const {
    return graph_.values[static_cast<std::size_t>(value)].type;
  }
  // Types as a catalogue entry wants them; absent inputs are there.
  std::vector<catalog::TensorType> types_of(const std::vector<graph::ValueId>& values) const;
  // A count that the node's entry declares, as a number; 0 where it declares none.
  catalog::Dim count(const catalog::Count& declared, const graph::Node& node) const;

 private:
  const graph::Graph& graph_;
  std::map<std::string, std::int64_t> sizes_;
};

}  // namespace fdl::plan
