#include "lib/catalog/modules/dropout2d.h"

#include "lib/nn/drop.h"

namespace fdl::nn {

Forward forward_dropout2d() { return forward_of(dropout_of<DropScope::Channel>); }

}  // namespace fdl::nn
