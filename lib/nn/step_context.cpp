#include "lib/nn/step_context.h"

namespace fdl::nn {

tensor::StepKey StepContext::step_key(tensor::Purpose purpose) const {
  tensor::StepKey out{tensor::StreamKey(seed, purpose).with(node_path)};
  out.step = static_cast<std::uint64_t>(step);
  out.micro_batch = static_cast<std::uint64_t>(micro_batch);
  out.loop_turn = static_cast<std::uint64_t>(loop_turn);
  out.step_on_device = step_on_device;
  return out;
}

}  // namespace fdl::nn
