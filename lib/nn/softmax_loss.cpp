#include "lib/nn/softmax_loss.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/scalar_tensor.h>
#include <torch/csrc/autograd/functions/utils.h>

#include "lib/catalog/losses/cross_entropy.h"
#include "lib/kernels/rows.h"
#include "lib/nn/direct_node.h"
#include "lib/nn/gpu_softmax_loss.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {
namespace {

using torch::autograd::variable_list;

// What stands in the record of gradients: the scores' gradient is there already.
class SoftmaxLossNode : public DirectNode {
 public:
  explicit SoftmaxLossNode(at::Tensor gradient) : gradient_(std::move(gradient)) {}

  variable_list backward(variable_list&& given) override {
    TORCH_CHECK(gradient_.defined(), "a loss goes through one backward pass, unless it is kept");
    if (!given[0].defined()) return {at::Tensor()};
    const float factor = given[0].item<float>();
    return {factor == 1 ? gradient_ : gradient_.mul(factor)};
  }
  void release_variables() override { gradient_.reset(); }

 private:
  at::Tensor gradient_;
};

struct Work {
  const float* scores;
  const std::int64_t* truth;
  float* gradient;  // null: not wanted
  std::int64_t num_classes, ignored;
  float smoothing, factor;  // of each target in the result

  // What smoothing puts on each class.
  float shift() const { return -factor * smoothing / static_cast<float>(num_classes); }
};

// What is left of a row's loss, before `factor`, once its softmax is known. As its probabilities
// are e / sum, its gradient is that less what the target puts on each class: the target's own share
// goes off here.
double finished(const Work& work, std::int64_t row, float max, float sum) {
  const std::int64_t target = work.truth[row], count = work.num_classes;
  const float* x = work.scores + row * count;
  float* g = work.gradient == nullptr ? nullptr : work.gradient + row * count;
  if (target == work.ignored) {
    if (g != nullptr) std::fill_n(g, count, 0.0F);
    return 0;
  }
  if (g != nullptr) g[target] -= work.factor * (1 - work.smoothing);
  const double whole = static_cast<double>(max) + std::log(static_cast<double>(sum));
  const double own = whole - x[target];
  if (work.smoothing == 0) return own;
  const double mean = kernels::row_functions().sum(x, count) / static_cast<double>(count);
  return (1 - work.smoothing) * own + work.smoothing * (whole - mean);
}

double long_loss(const Work& work, std::int64_t row) {
  const kernels::RowFunctions& f = kernels::row_functions();
  const std::int64_t count = work.num_classes;
  if (work.truth[row] == work.ignored) return finished(work, row, 0, 0);
  float* g = work.gradient == nullptr ? nullptr : work.gradient + row * count;
  const auto [max, sum] = f.softmax(work.scores + row * count, g, count);
  if (g != nullptr) f.scale(g, work.factor / sum, work.shift(), count);
  return finished(work, row, max, sum);
}

// Of rows [begin, end) with few classes.
void short_losses(const Work& work, std::int64_t begin, std::int64_t end, double* losses) {
  constexpr std::int64_t kRows = 64;
  float max[kRows], sum[kRows];
  for (std::int64_t first = begin; first < end; first += kRows) {
    const std::int64_t count = std::min(kRows, end - first), at = first * work.num_classes;
    kernels::row_functions().short_softmax(
        work.scores + at,
        {max, sum, work.gradient == nullptr ? nullptr : work.gradient + at, work.factor,
         work.shift()},
        count, work.num_classes);
    for (std::int64_t i = 0; i < count; ++i)
      losses[first + i] = finished(work, first + i, max[i], sum[i]);
  }
}

void check_targets(const Work& work, std::int64_t num_rows) {
  for (std::int64_t row = 0; row < num_rows; ++row) {
    const std::int64_t target = work.truth[row];
    TORCH_CHECK_INDEX(target == work.ignored || (target >= 0 && target < work.num_classes),
                      "Target ", target, " is out of bounds.");
  }
}

}  // namespace

bool takes_softmax_loss(const at::Tensor& scores, const at::Tensor& truth) {
  return scores.dim() == 2 && scores.scalar_type() == at::kFloat && scores.device().is_cpu() &&
         scores.is_contiguous() && truth.scalar_type() == at::kLong && truth.is_contiguous() &&
         truth.device().is_cpu() && scores.size(1) > 0;
}

SoftmaxLoss softmax_loss(const at::Tensor& scores, const at::Tensor& truth, std::int64_t ignored,
                         double smoothing, bool is_mean) {
  const std::int64_t num_rows = scores.size(0), num_classes = scores.size(1);
  const auto* first = truth.const_data_ptr<std::int64_t>();
  SoftmaxLoss out;
  out.num_targets = num_rows - std::count(first, first + num_rows, ignored);
  const bool records = at::GradMode::is_enabled() && scores.requires_grad();
  at::Tensor gradient;
  double value = 0;
  {
    const at::NoGradGuard no_grad;
    if (records) gradient = at::empty_like(scores);
    const double factor = is_mean ? 1 / static_cast<double>(out.num_targets) : 1;
    const Work work{scores.const_data_ptr<float>(),
                    first,
                    records ? gradient.mutable_data_ptr<float>() : nullptr,
                    num_classes,
                    ignored,
                    static_cast<float>(smoothing),
                    static_cast<float>(factor)};
    check_targets(work, num_rows);
    std::vector<double> losses(static_cast<std::size_t>(num_rows));
    // A row has a logarithm and more beside its exponentials: counted as so many.
    constexpr std::int64_t kOfRow = 48;
    const std::int64_t grain = std::max<std::int64_t>((1 << 14) / (num_classes + kOfRow), 1);
    at::parallel_for(0, num_rows, grain, [&](std::int64_t begin, std::int64_t end) {
      if (num_classes <= kernels::RowFunctions::kShortRow)
        return short_losses(work, begin, end, losses.data());
      for (std::int64_t row = begin; row < end; ++row)
        losses[static_cast<std::size_t>(row)] = long_loss(work, row);
    });
    value = std::accumulate(losses.begin(), losses.end(), 0.0);
    if (is_mean) value /= static_cast<double>(out.num_targets);
    out.value = at::scalar_tensor(value, scores.options());
  }
  if (!records) return out;
  const std::shared_ptr<SoftmaxLossNode> node(new SoftmaxLossNode(std::move(gradient)),
                                              torch::autograd::deleteNode);
  node->set_next_edges(torch::autograd::collect_next_edges(scores));
  torch::autograd::set_history(out.value, node);
  return out;
}

Loss fused_cross_entropy(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto p = choice.as<catalog::CrossEntropyParams>();
  Loss plain = bind_loss(choice, types);
  if (!p.weight.empty() || types[0].shape == types[1].shape) return plain;
  const std::int64_t axis = class_axis_of(types, p.class_dim), mode = reduction_of(p.reduction);
  return [p, axis, mode, plain = std::move(plain)](const Compared& t) {
    const ClassScores c = classes_second(t[0], t[1], axis);
    if (takes_gpu_softmax_loss(c.scores, c.truth)) {
      GpuSoftmaxLoss made = gpu_softmax_loss(c.scores, c.truth, p.ignore_index, p.label_smoothing,
                                             mode == at::Reduction::Mean);
      return over(made.value, TargetWeight(std::move(made.num_targets)), mode);
    }
    if (!takes_softmax_loss(c.scores, c.truth)) return plain(t);
    const SoftmaxLoss made = softmax_loss(c.scores, c.truth, p.ignore_index, p.label_smoothing,
                                          mode == at::Reduction::Mean);
    return over(made.value, static_cast<double>(made.num_targets), mode);
  };
}

}  // namespace fdl::nn
