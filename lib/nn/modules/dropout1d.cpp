#include "lib/catalog/modules/dropout1d.h"

#include "lib/nn/drop.h"

namespace fdl::nn {

Forward forward_dropout1d() { return forward_of(dropout_of<DropScope::Channel>); }

}  // namespace fdl::nn
