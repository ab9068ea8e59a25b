#include "lib/nn/step_context.h"

namespace fdl::nn {

tensor::StreamKey StepContext::stream(tensor::Purpose purpose) const {
  return tensor::StreamKey(seed, purpose)
      .with(node_path)
      .with(static_cast<std::uint64_t>(step))
      .with(static_cast<std::uint64_t>(micro_batch))
      .with(static_cast<std::uint64_t>(loop_turn));
}

}  // namespace fdl::nn
