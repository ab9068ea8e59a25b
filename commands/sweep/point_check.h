#pragma once

#include "commands/manifest_choice.h"
#include "lib/job/job.h"

namespace fdl::commands {

// Holds the manifest with the values of each point to the whole check, as `fdl sweep` does before
// it runs any; how many points there are. What is wrong is told once, with the points that it is
// of, and not where `problems` has it of the manifest itself.
std::size_t check_sweep_points(const ChosenManifest& chosen, const job::Sweep& sweep,
                               bool skip_data, const Context& context, Diagnostics& problems);

}  // namespace fdl::commands
