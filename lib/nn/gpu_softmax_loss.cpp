#include "lib/nn/gpu_softmax_loss.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include "lib/cuda/backend.h"

namespace fdl::nn {
namespace {

using torch::autograd::variable_list;

// What both passes read and write, kept alive.
struct Kept {
  at::Tensor scores, truth, largest, sum, losses, value, count;
  cuda::SoftmaxLossTask task{};
};

class Node final : public torch::autograd::Node {
 public:
  explicit Node(Kept kept) : kept_(std::move(kept)) {}

 private:
  variable_list apply(variable_list&& given) final {
    TORCH_CHECK(kept_.scores.defined(), "a loss goes through one backward pass, unless it is kept");
    if (!given[0].defined()) return {at::Tensor()};
    at::Tensor gradient = at::empty_like(kept_.scores);
    cuda::backend().softmax_loss_gradient(kept_.task, given[0].contiguous(), gradient);
    return {std::move(gradient)};
  }
  void release_variables() final { kept_ = {}; }

  Kept kept_;
};

}  // namespace

bool takes_gpu_softmax_loss(const at::Tensor& scores, const at::Tensor& truth) {
  return scores.is_cuda() && scores.dim() == 2 && scores.scalar_type() == at::kFloat &&
         scores.is_contiguous() && scores.numel() > 0 && truth.device() == scores.device() &&
         truth.scalar_type() == at::kLong && truth.is_contiguous();
}

GpuSoftmaxLoss gpu_softmax_loss(const at::Tensor& scores, const at::Tensor& truth,
                                std::int64_t ignored, double smoothing, bool is_mean) {
  const std::int64_t N = scores.size(0), C = scores.size(1);
  const at::TensorOptions there = scores.options();
  Kept kept;
  kept.scores = scores.detach();
  kept.truth = truth;
  kept.largest = at::empty({N}, there);
  kept.sum = at::empty({N}, there);
  kept.losses = at::empty({N}, there.dtype(at::kDouble));
  kept.value = at::empty({}, there);
  kept.count = at::empty({}, there.dtype(at::kDouble));
  kept.task.scores = scores.const_data_ptr<float>();
  kept.task.truth = truth.const_data_ptr<std::int64_t>();
  kept.task.N = N;
  kept.task.C = C;
  kept.task.ignored = ignored;
  kept.task.smoothing = static_cast<float>(smoothing);
  kept.task.is_mean = is_mean;
  kept.task.largest = kept.largest.mutable_data_ptr<float>();
  kept.task.sum = kept.sum.mutable_data_ptr<float>();
  kept.task.losses = kept.losses.mutable_data_ptr<double>();
  kept.task.value = kept.value.mutable_data_ptr<float>();
  kept.task.count = kept.count.mutable_data_ptr<double>();
  cuda::backend().softmax_loss(kept.task);
  const GpuSoftmaxLoss out{kept.value, kept.count};
  if (!at::GradMode::is_enabled() || !scores.requires_grad()) return out;
  kept.value.reset();  // its own history would hold it
  const std::shared_ptr<Node> node(new Node(std::move(kept)), torch::autograd::deleteNode);
  node->set_next_edges(torch::autograd::collect_next_edges(scores));
  torch::autograd::set_history(out.value, node);
  return out;
}

}  // namespace fdl::nn
