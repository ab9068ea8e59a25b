#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/catalog/catalog.h"
#include "lib/job/trend.h"

// `training.phases`: parts of a run, one after the other, each with what it trains and how fast.
namespace fdl::job {

// Parameters that one optimizer updates with the same values.
struct ParameterGroup {
  catalog::Choice optimizer;
  std::vector<std::string> paths;  // of trained tensors
};

// When a phase is over: at the first that holds. Counts are from its beginning.
struct Until {
  std::optional<std::int64_t> epochs, steps;
  struct Reached {
    std::string metric;  // "val/accuracy"
    double value = 0;
    bool higher_is_better = false;
  };
  std::optional<Reached> reached;
  std::vector<Trend> trends;

  bool is_given() const { return epochs || steps || reached || !trends.empty(); }
};

struct Phase {
  std::string name;
  // What it does not train, of all that the graph owns; former phases and `freeze` in the model
  // have their say.
  std::vector<std::string> frozen;        // paths of parameters
  std::vector<std::string> frozen_nodes;  // and of nodes whose running statistics stay
  // Its own optimizer or rates, where it has any; state of parameters is kept by name.
  std::vector<ParameterGroup> groups;
  // The part of the data that is trained on from here on: "train/<phase>"; "" for that of before.
  std::string data;
  Until until;  // the last one may go on to the end of the run
};

}  // namespace fdl::job
