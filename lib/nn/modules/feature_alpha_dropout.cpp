#include "lib/catalog/modules/feature_alpha_dropout.h"

#include "lib/nn/drop.h"

namespace fdl::nn {

Forward forward_feature_alpha_dropout() { return forward_of(alpha_dropout_of<DropScope::Channel>); }

}  // namespace fdl::nn
