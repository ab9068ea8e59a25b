#include "lib/catalog/modules/alpha_dropout.h"

#include "lib/nn/drop.h"

namespace fdl::nn {

Forward forward_alpha_dropout() { return forward_of(alpha_dropout_of<DropScope::Value>); }

}  // namespace fdl::nn
