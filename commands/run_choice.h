#pragma once

#include <filesystem>
#include <string>

#include "commands/context.h"
#include "lib/base/result.h"

namespace fdl::commands {

// The folder of a run: by its path, or by its name among those of the project's manifest, whose
// newest is meant by "" and "latest". Errors: FDL5203, FDL1101, and those of a manifest that cannot
// be read.
Result<std::filesystem::path> choose_run(const std::string& given, Context& context);

// Where the project at hand puts its runs. Errors: those of a manifest that cannot be read.
Result<std::filesystem::path> output_folder(Context& context);

// What lib/weights/weight_files.h opens: a path as it stands, or RUN[@STEP] with a run's name.
// Errors: FDL5211 when it is neither; those of choose_run.
Result<std::filesystem::path> choose_weights(const std::string& given, Context& context);

}  // namespace fdl::commands
