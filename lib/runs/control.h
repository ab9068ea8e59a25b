#pragma once

#include <filesystem>

#include "lib/base/result.h"

// What may be asked of a run that works. It is asked by a signal, as from a terminal.
namespace fdl::runs {

// Ends it after the step at hand, with a checkpoint. Errors: FDL5203 when it does not run.
Result<void> stop(const std::filesystem::path& run);

// Has it save a checkpoint after the step at hand, and go on. Errors: likewise.
Result<void> save_now(const std::filesystem::path& run);

}  // namespace fdl::runs
