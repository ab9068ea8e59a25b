#include "lib/nn/declarations.h"

namespace fdl::nn {

// One process computes each model, so there is nothing to gather yet.
Forward forward_sync_batch_norm() { return forward_batch_norm(); }

}  // namespace fdl::nn
