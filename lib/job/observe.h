#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/graph/graph.h"

// `output.observe`: numbers about the inside of a model that a run records.
namespace fdl::job {

enum class Statistic { Mean, Std, Min, Max, AbsMax, Norm, Zeros };

// One recorded number: a statistic of what a step of the model gives, of parameters, or of their
// gradients.
struct Observation {
  std::string name;  // "encoder.0.grad_norm"; recorded under "observe/"
  enum class Of { Value, Parameter, Gradient } of = Of::Value;
  Statistic statistic = Statistic::Norm;
  graph::ValueId value = graph::kAbsent;  // of Value
  std::vector<std::string> parameters;    // their paths, all together one set of numbers
};

struct Observe {
  std::int64_t every_epochs = 1;  // one of the two is 0
  std::int64_t every_steps = 0;
  std::vector<Observation> what;
};

// The words of statistics, in the order of the enum: "mean", "std", ...
const std::vector<std::string>& statistic_names();

}  // namespace fdl::job
