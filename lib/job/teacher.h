#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/graph/graph.h"

namespace fdl::job {

// `training.teacher`: a trained model beside the one that learns. Losses compare with what it gives
// for the same batch; nothing of it is trained or saved.
struct Teacher {
  graph::Graph graph;  // its `load`s fill it
  // What losses call its outputs, in their order: "teacher.logits"; a single one is "teacher" too.
  std::vector<std::string> outputs;
  std::vector<catalog::TensorType> types;  // of these, with the batch axis

  // The index of the output of that name.
  std::optional<std::size_t> find(std::string_view name) const;
};

}  // namespace fdl::job
