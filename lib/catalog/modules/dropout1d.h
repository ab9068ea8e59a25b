#pragma once

#include "lib/catalog/drop.h"

namespace fdl::catalog {

using Dropout1dParams = DropParams;

inline ModuleSpec dropout1d_spec() { return channel_dropout_spec<1>(); }

}  // namespace fdl::catalog
