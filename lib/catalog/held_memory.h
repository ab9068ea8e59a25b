#pragma once

#include <string_view>

#include "lib/catalog/module_spec.h"
#include "lib/catalog/passes.h"

namespace fdl::catalog {

// What a module holds, as in ModuleSpec, where a pass of `training.compile` makes it run otherwise
// than it declares.
struct HeldMemory {
  Count kept_bytes, forward_work_bytes, backward_work_bytes;
};

// Null where it holds what it declares with these passes.
const HeldMemory* held_otherwise(std::string_view module, const Passes& passes);

}  // namespace fdl::catalog
