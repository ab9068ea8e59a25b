#include "lib/catalog/modules/drop_path.h"

#include "lib/nn/drop.h"

namespace fdl::nn {

Forward forward_drop_path() { return forward_of(dropout_of<DropScope::Sample>); }

}  // namespace fdl::nn
