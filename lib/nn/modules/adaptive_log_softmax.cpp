#include "lib/catalog/modules/adaptive_log_softmax.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log_softmax.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor adaptive_log_softmax(const catalog::AdaptiveLogSoftmaxParams& p, const Tensors& own,
                                const at::Tensor& x, StepContext&) {
  const std::int64_t shortlist = p.cutoffs.front();
  const at::Tensor head = at::log_softmax(at::linear(x, own["head.weight"], own["head.bias"]), -1);
  std::vector<at::Tensor> parts = {head.narrow(-1, 0, shortlist)};
  for (std::int64_t i = 0; i < p.num_clusters(); ++i) {
    const std::string tail = "tail." + std::to_string(i);
    const at::Tensor features = at::linear(x, own[tail + ".0.weight"]);
    const at::Tensor inside = at::log_softmax(at::linear(features, own[tail + ".1.weight"]), -1);
    parts.push_back(inside.add(head.narrow(-1, shortlist + i, 1)));
  }
  return at::cat(parts, -1);
}

}  // namespace

Forward forward_adaptive_log_softmax() { return forward_of(adaptive_log_softmax); }

}  // namespace fdl::nn
