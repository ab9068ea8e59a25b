#pragma once

#include <exception>
#include <string>

#include "lib/base/diagnostic.h"

namespace fdl::tensor {

// What libtorch threw, as FDL5404 in its own words, without its backtrace. `attempted` completes
// "libtorch refused ...": "the step", "the backward pass".
Diagnostic torch_failure(const std::exception& thrown, const std::string& attempted,
                         Span span = {});

}  // namespace fdl::tensor
