#include "lib/catalog/modules/dropout3d.h"

#include "lib/nn/drop.h"

namespace fdl::nn {

Forward forward_dropout3d() { return forward_of(dropout_of<DropScope::Channel>); }

}  // namespace fdl::nn
