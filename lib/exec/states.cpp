// What states hold before the first call.
#include <ATen/ops/empty.h>

#include "lib/exec/executor.h"
#include "lib/tensor/dtype.h"
#include "lib/tensor/errors.h"
#include "lib/tensor/initialise.h"

namespace fdl::exec {

Result<std::vector<at::Tensor>> initial_states(const graph::Graph& graph, std::uint64_t seed,
                                               std::int64_t num_samples, at::Device device) {
  const tensor::StreamKey root(seed, tensor::Purpose::Init);
  std::vector<at::Tensor> out;
  for (const graph::State& state : graph.states) {
    const catalog::TensorType& type = graph.values[static_cast<std::size_t>(state.read)].type;
    std::vector<std::int64_t> sizes;
    for (std::size_t i = 1; i < type.shape.size(); ++i) sizes.push_back(type.shape[i].number());
    try {
      const at::Tensor one = at::empty(sizes, at::kFloat);
      tensor::initialise(one, state.init, root.with("state").with(state.path));
      sizes.insert(sizes.begin(), num_samples);
      out.push_back(one.to(device, tensor::scalar_type(type.dtype)).expand(sizes).contiguous());
    } catch (const std::exception& thrown) {
      return fail(tensor::torch_failure(thrown, "this state", state.span).at_node(state.path));
    }
  }
  return out;
}

}  // namespace fdl::exec
