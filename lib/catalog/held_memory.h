#pragma once

#include "lib/catalog/module_spec.h"

namespace fdl::catalog {

// What a module holds, as in ModuleSpec, where a pass of `training.compile` makes it run otherwise
// than it declares.
struct HeldMemory {
  Count kept_bytes, forward_work_bytes, backward_work_bytes;
};

}  // namespace fdl::catalog
