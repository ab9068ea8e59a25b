#pragma once

#include <string>

#include "lib/plan/plan.h"

namespace fdl::commands {

// Where a job computes, as far as its manifest says.
struct StepSetup {
  plan::PlanSetup plan;
  std::string off_by;   // the key that turns passes off, as the manifest has it
  bool on_gpu = false;  // it insists on one
};

// How the steps of a model run, in order: which of them run as one, on a CPU over how much kept
// memory for that batch, and of each other step why it runs by itself; and which passes of
// `training.compile` are on.
std::string steps_text(const graph::Graph& graph, const StepSetup& setup);
std::string steps_json(const graph::Graph& graph, const StepSetup& setup);

}  // namespace fdl::commands
