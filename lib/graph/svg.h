#pragma once

#include <string>

#include "lib/base/result.h"
#include "lib/graph/drawing.h"

namespace fdl::graph {

// The drawing as SVG, laid out by Graphviz's `dot`. Errors: FDL5003 where there is none.
Result<std::string> to_svg(const Drawing& drawing);

}  // namespace fdl::graph
