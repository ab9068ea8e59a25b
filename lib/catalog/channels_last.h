#pragma once

#include <string_view>

#include "lib/catalog/held_memory.h"
#include "lib/catalog/passes.h"

namespace fdl::catalog {

// Whether images lie with their channels last here, from the first convolution over two axes on.
bool puts_channels_last(const Passes& passes);

// What convolutions over two axes hold where images lie with their channels last: no image in
// another order, but weights, or with Winograd's filtering their points. Null of all other modules.
const HeldMemory* channels_last_memory(std::string_view module, bool by_winograd);

}  // namespace fdl::catalog
