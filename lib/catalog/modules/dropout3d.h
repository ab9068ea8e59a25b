#pragma once

#include "lib/catalog/drop.h"

namespace fdl::catalog {

using Dropout3dParams = DropParams;

inline ModuleSpec dropout3d_spec() { return channel_dropout_spec<3>({"f32[2, 4, 3, 4]"}); }

}  // namespace fdl::catalog
