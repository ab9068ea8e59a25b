#include "lib/train/whole_call.h"

#include <ATen/ops/stack.h>

#include "lib/train/carried.h"

namespace fdl::train {
namespace {

std::vector<at::Tensor> on_cpu(std::vector<at::Tensor> values) {
  for (at::Tensor& value : values) value = value.cpu();
  return values;
}

}  // namespace

Result<std::vector<at::Tensor>> whole_call(const exec::Executor& executor,
                                           const graph::Graph& graph, std::uint64_t seed,
                                           const std::vector<at::Tensor>& inputs) {
  nn::StepContext context;
  context.seed = seed;
  if (graph.states.empty()) {
    auto values = executor.run(inputs, context);
    if (!values) return fail(values.error());
    return on_cpu(*std::move(values));
  }
  Carried carried(graph, seed, executor.device());
  FDL_TRY(carried.begin(inputs.front().size(0), true));
  std::vector<std::vector<at::Tensor>> by_value;
  for (std::int64_t t = 0; t < inputs.front().size(1); ++t) {
    std::vector<at::Tensor> here;
    for (const at::Tensor& whole : inputs) here.push_back(whole.select(1, t).contiguous());
    auto called = executor.call(here, carried.values(), context);
    if (!called) return fail(called.error());
    carried.take(std::move(called->states));
    by_value.resize(called->values.size());
    for (std::size_t i = 0; i < by_value.size(); ++i) by_value[i].push_back(called->values[i]);
  }
  std::vector<at::Tensor> out;
  for (const std::vector<at::Tensor>& calls : by_value) out.push_back(at::stack(calls, 1));
  return on_cpu(std::move(out));
}

}  // namespace fdl::train
