#pragma once

#include <string_view>

#include "lib/catalog/held_memory.h"

namespace fdl::catalog {

// What a module with attention holds where libtorch's operators run it. Null of all others.
const HeldMemory* plain_attention_memory(std::string_view module);

}  // namespace fdl::catalog
