#pragma once

#include <optional>

#include "lib/base/diagnostic.h"
#include "lib/config/interpolate.h"
#include "lib/config/layers.h"
#include "lib/graph/graph.h"

namespace fdl::graph {

// Builds and checks the `model` and `modules` sections of a resolved manifest: names, paths, tags,
// types of all values. Problems: FDL2xxx, FDL3xxx, all of them in one pass where one does not
// follow from another. Empty when there were errors.
std::optional<Graph> build_graph(const config::Manifest& manifest,
                                 const config::Environment& environment, Diagnostics& problems);

}  // namespace fdl::graph
