#pragma once

#include "lib/catalog/drop.h"

namespace fdl::catalog {

using Dropout2dParams = DropParams;

inline ModuleSpec dropout2d_spec() { return channel_dropout_spec<2>(); }

}  // namespace fdl::catalog
