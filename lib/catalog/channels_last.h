#pragma once

#include <string_view>

#include "lib/catalog/held_memory.h"

namespace fdl::catalog {

// What convolutions over two axes hold where images lie with their channels last: no image in
// another order, but weights. Null of all other modules.
const HeldMemory* channels_last_memory(std::string_view module);

}  // namespace fdl::catalog
