#pragma once

#include <cstdint>
#include <string>

#include "lib/graph/graph.h"

namespace fdl::commands {

// How the steps of a model run, in order: which chains of them run as one and over how much kept
// memory for that batch, and of each other step why it runs by itself. `fuses`: `compile: auto`.
std::string steps_text(const graph::Graph& graph, std::int64_t batch_size, bool fuses);
std::string steps_json(const graph::Graph& graph, std::int64_t batch_size, bool fuses);

}  // namespace fdl::commands
