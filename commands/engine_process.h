#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "commands/context.h"
#include "lib/base/process.h"

namespace fdl::commands {

// How the engine is started for a run: the program beside `fdl`, the active libtorch on its
// library path, its own process group. Errors: FDL5301, FDL5305, FDL5401.
Result<ProcessSpec> engine_spec(const std::vector<std::string>& arguments,
                                const std::filesystem::path& project, const Context& context);

// Runs the engine over a run folder to its end: follows its events, draws progress, passes signals
// on, writes metrics.csv. The engine's words go to log.txt. Returns fdl's exit code.
int supervise(const std::vector<std::string>& arguments, const std::filesystem::path& run,
              const std::filesystem::path& project, Context& context);

}  // namespace fdl::commands
