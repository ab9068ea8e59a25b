#pragma once

#include <filesystem>

#include "lib/config/layers.h"

namespace fdl::job {

// The resolved manifest of a run, as its engine and later commands read it; its `folder` is the
// project's, where relative paths start. `overrides` ("key=value") change it. Problems: FDL5001,
// FDL5203, FDL10xx.
std::optional<config::Manifest> load_run(const std::filesystem::path& run, Diagnostics& problems,
                                         const std::vector<std::string>& overrides = {});

}  // namespace fdl::job
