#include "lib/train/carried.h"

#include <algorithm>

#include <ATen/ops/cat.h>

#include "lib/exec/executor.h"
#include "lib/tensor/dtype.h"

namespace fdl::train {
namespace {

// The rows of `value` that there are, then those of `fresh`; of `fresh` as many as it has.
at::Tensor rows_of(const at::Tensor& value, const at::Tensor& fresh) {
  const std::int64_t wanted = fresh.size(0), there = std::min(wanted, value.size(0));
  const at::Tensor kept = value.narrow(0, 0, there);
  if (there == wanted) return kept.contiguous();
  return at::cat({kept, fresh.narrow(0, there, wanted - there)}, 0);
}

bool fits(const at::Tensor& value, const catalog::TensorType& type) {
  bool same = value.scalar_type() == tensor::scalar_type(type.dtype) &&
              value.dim() == static_cast<std::int64_t>(type.shape.size());
  for (std::size_t i = 1; same && i < type.shape.size(); ++i)
    same = value.size(static_cast<std::int64_t>(i)) == type.shape[i].number();
  return same;
}

}  // namespace

std::int64_t calls_per_update(const graph::Graph& graph, std::int64_t num_positions) {
  if (graph.states.empty()) return 1;
  const std::int64_t bptt = graph.states.front().bptt;
  return bptt > 0 ? std::min(bptt, num_positions) : num_positions;
}

Result<void> Carried::begin(std::int64_t num_samples, bool is_new_epoch) {
  auto fresh = exec::initial_states(graph_, seed_, num_samples, device_);
  if (!fresh) return fail(fresh.error());
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const graph::State::Reset reset = graph_.states[i].reset;
    const bool goes_on = reset == graph::State::Reset::Never ||
                         (reset == graph::State::Reset::Epoch && !is_new_epoch);
    if (goes_on) (*fresh)[i] = rows_of(values_[i], (*fresh)[i]);
  }
  values_ = std::move(*fresh);
  return {};
}

// Laid out as it would come back from a file: strides choose among kernels.
void Carried::detach() {
  for (at::Tensor& value : values_) value = value.detach().clone(at::MemoryFormat::Contiguous);
}

std::vector<tensor::NamedTensor> Carried::named() const {
  std::vector<tensor::NamedTensor> out;
  for (std::size_t i = 0; i < values_.size(); ++i)
    out.push_back({graph_.states[i].path, values_[i]});
  return out;
}

Result<void> Carried::load(const std::filesystem::path& path) {
  const auto found = tensor::load_tensors(path);
  if (!found) return fail(found.error());
  std::vector<at::Tensor> values;
  for (const graph::State& state : graph_.states) {
    const auto& type = graph_.values[static_cast<std::size_t>(state.read)].type;
    const auto at = std::find_if(found->begin(), found->end(),
                                 [&](const auto& t) { return t.name == state.path; });
    const bool is_there = at != found->end() && fits(at->value, type) &&
                          at->value.size(0) == found->front().value.size(0);
    if (!is_there) {
      return fail(error(Code::CheckpointMismatch, {}, "'{}' has no state '{}' of {}", path.string(),
                        state.path, to_string(type))
                      .help("start a new run with `fdl run`"));
    }
    values.push_back(at->value.to(device_));
  }
  values_ = std::move(values);
  return {};
}

}  // namespace fdl::train
