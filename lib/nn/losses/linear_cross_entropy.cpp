#include "lib/catalog/losses/linear_cross_entropy.h"

#include <algorithm>
#include <optional>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

// Axis letters: R rows, K rows of a chunk, D features, C classes.
namespace fdl::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Options {
  std::int64_t chunk_size = 1;
  std::int64_t ignore_index = -100;
  double label_smoothing = 0;
};

// The sum of the losses of all rows and its gradients, chunk by chunk.
class Sums {
 public:
  Sums(const Options& options, const at::Tensor& weight_CD, const at::Tensor& bias_C,
       const at::Tensor& like_RD, bool wants_gradients)
      : options_(options), weight_CD_(weight_CD), bias_C_(bias_C) {
    value = at::zeros({}, like_RD.options().dtype(at::kDouble));
    if (!wants_gradients) return;
    of_output = at::zeros_like(like_RD);
    of_weight = at::zeros_like(weight_CD);
    if (bias_C.defined()) of_bias = at::zeros_like(bias_C);
  }

  void add(const at::Tensor& x_KD, const at::Tensor& target_K, std::int64_t first_row) {
    const double C = static_cast<double>(weight_CD_.size(0)), smooth = options_.label_smoothing;
    at::Tensor log_p_KC = at::log_softmax(at::linear(x_KD, weight_CD_, bias_C_), 1);
    const at::Tensor counts_K = target_K.ne(options_.ignore_index);
    const at::Tensor class_K1 = target_K.mul(counts_K).unsqueeze(1);
    const at::Tensor share_K1 = counts_K.unsqueeze(1).to(log_p_KC.scalar_type());
    at::Tensor loss_K1 = log_p_KC.gather(1, class_K1).mul(-(1 - smooth));
    if (smooth > 0) loss_K1 = loss_K1.sub(log_p_KC.sum(1, true), smooth / C);
    value.add_(loss_K1.mul(share_K1).sum(at::kDouble));
    if (!of_output.defined()) return;
    // The gradient by the logits: probabilities, less what the target says.
    at::Tensor slope_KC = log_p_KC.exp_();
    if (smooth > 0) slope_KC.sub_(smooth / C);
    slope_KC.scatter_add_(1, class_K1, at::full_like(share_K1, -(1 - smooth)));
    slope_KC.mul_(share_K1);
    of_output.narrow(0, first_row, x_KD.size(0)).copy_(slope_KC.mm(weight_CD_));
    of_weight.addmm_(slope_KC.t(), x_KD);
    if (of_bias.defined()) of_bias.add_(slope_KC.sum(0));
  }

  at::Tensor value, of_output, of_weight, of_bias;

 private:
  const Options& options_;
  const at::Tensor weight_CD_, bias_C_;
};

struct Task {
  Options options;
  at::Tensor target_R;
  bool wants_gradients = false;
};

// As its gradients come with the forward, nothing of size R * C outlives a chunk.
class ChunkedLoss : public torch::autograd::Function<ChunkedLoss> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_RD,
                            const at::Tensor& weight_CD, const std::optional<at::Tensor>& bias_C,
                            const Task& task) {
    Sums sums(task.options, weight_CD, bias_C.value_or(at::Tensor()), x_RD, task.wants_gradients);
    const std::int64_t size = task.options.chunk_size;
    for (std::int64_t row = 0; row < x_RD.size(0); row += size) {
      const std::int64_t count = std::min(size, x_RD.size(0) - row);
      sums.add(x_RD.narrow(0, row, count), task.target_R.narrow(0, row, count), row);
    }
    if (task.wants_gradients)
      context->save_for_backward({sums.of_output, sums.of_weight, sums.of_bias});
    return sums.value.to(x_RD.scalar_type());
  }

  static variable_list backward(AutogradContext* context, const variable_list& outer) {
    const variable_list saved = context->get_saved_variables();
    variable_list out(4);
    for (std::size_t i = 0; i < saved.size(); ++i) {
      if (saved[i].defined()) out[i] = saved[i].mul(outer[0]);
    }
    return out;
  }
};

}  // namespace

Loss loss_linear_cross_entropy(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::LinearCrossEntropyParams>();
  const Options options = {p.chunk_size, p.ignore_index, p.label_smoothing};
  return [options, mode = reduction_of(p.reduction)](const Compared& t) {
    const at::Tensor x_RD = t[0].flatten(0, -2), target_R = t[1].to(at::kLong).flatten();
    const TargetWeight count = count_other_than(target_R, options.ignore_index);
    const std::optional<at::Tensor> bias_C = t[3].defined() ? std::optional(t[3]) : std::nullopt;
    const Task task = {options, target_R, at::GradMode::is_enabled()};
    const at::Tensor sum = ChunkedLoss::apply(x_RD, t[2], bias_C, task);
    return over(mode == at::Reduction::Mean ? count.mean_of(sum) : sum, count, mode);
  };
}

}  // namespace fdl::nn
