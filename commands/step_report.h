#pragma once

#include <string>

#include "lib/plan/plan.h"

namespace fdl::commands {

// How the steps of a model run, in order: which chains of them run as one and over how much kept
// memory for that batch, and of each other step why it runs by itself; and which passes of
// `training.compile` are on. `off_by`: the key that turns passes off, as the manifest has it.
std::string steps_text(const graph::Graph& graph, const plan::PlanSetup& setup,
                       const std::string& off_by);
std::string steps_json(const graph::Graph& graph, const plan::PlanSetup& setup,
                       const std::string& off_by);

}  // namespace fdl::commands
