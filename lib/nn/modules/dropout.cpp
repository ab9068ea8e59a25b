#include "lib/catalog/modules/dropout.h"

#include "lib/nn/drop.h"

namespace fdl::nn {

Forward forward_dropout() { return forward_of(dropout_of<DropScope::Value>); }

}  // namespace fdl::nn
