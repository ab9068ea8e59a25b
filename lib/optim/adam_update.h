#pragma once

#include <array>
#include <cmath>
#include <optional>

#include <ATen/core/Tensor.h>

#include "lib/kernels/rows.h"
#include "lib/optim/algorithm.h"

namespace fdl::optim {

// Adam and AdamW: the same state, two kernels of one signature, for amsgrad and on a GPU, and one
// of ours. `kRecordedUpdate` is libtorch's with its rate in a tensor. `kIsDecoupled`: decay shrinks
// the weights themselves, and is no part of the gradient.
template <typename Params, auto kFusedUpdate, auto kRecordedUpdate, bool kIsDecoupled>
class AdamUpdate final : public Algorithm {
 public:
  AdamUpdate(const Params& params, const std::vector<tensor::NamedTensor>& parameters)
      : Algorithm(parameters, params.maximize),
        params_(params),
        exp_avg_(add_slot("exp_avg")),
        exp_avg_sq_(add_slot("exp_avg_sq")),
        max_exp_avg_sq_(params.amsgrad ? &add_slot("max_exp_avg_sq") : nullptr) {}

  double base_lr() const override { return params_.lr; }
  void set_fuses(bool fuses) override { fuses_ = fuses; }

 private:
  void apply(const Work& work, const Rates& rates) override {
    if (fuses_ && max_exp_avg_sq_ == nullptr && !is_on_gpu()) return apply_rows(work, rates);
    kFusedUpdate(work.parameters, work.gradients, work.pick(exp_avg_), work.pick(exp_avg_sq_),
                 largest(work), is_on_gpu() ? work.gpu_steps : work.steps, rates.lr,
                 rates.momentum.value_or(params_.betas[0]), params_.betas[1], params_.weight_decay,
                 params_.eps, params_.amsgrad,
                 /*maximize=*/false, /*grad_scale=*/{}, /*found_inf=*/{});
  }

  void apply_recorded(const Work& work, const Recorded& by) override {
    kRecordedUpdate(work.parameters, work.gradients, work.pick(exp_avg_), work.pick(exp_avg_sq_),
                    largest(work), work.gpu_steps, by.lr, params_.betas[0], params_.betas[1],
                    params_.weight_decay, params_.eps, params_.amsgrad, /*maximize=*/false,
                    /*grad_scale=*/{}, /*found_inf=*/by.skips);
  }

  std::vector<at::Tensor> largest(const Work& work) const {
    return max_exp_avg_sq_ != nullptr ? work.pick(*max_exp_avg_sq_) : std::vector<at::Tensor>();
  }

  void apply_rows(const Work& work, const Rates& rates) {
    const double beta1 = rates.momentum.value_or(params_.betas[0]), beta2 = params_.betas[1];
    for_each_run(
        work,
        [&](std::size_t k) {
          const double step = work.step(k), decay = params_.weight_decay;
          kernels::RowFunctions::Adam out;
          out.rest1 = static_cast<float>(1 - beta1);
          out.beta2 = static_cast<float>(beta2);
          out.rest2 = static_cast<float>(1 - beta2);
          out.eps = static_cast<float>(params_.eps);
          out.rate = static_cast<float>(rates.lr / (1 - std::pow(beta1, step)));
          out.root_factor = static_cast<float>(1 / std::sqrt(1 - std::pow(beta2, step)));
          out.decay = static_cast<float>(kIsDecoupled ? 0 : decay);
          out.kept = static_cast<float>(kIsDecoupled ? 1 - rates.lr * decay : 1);
          return out;
        },
        [](const auto& one, std::int64_t count, float* x, const float* gradient, float* mean,
           float* square) { kernels::row_functions().adam(x, gradient, mean, square, one, count); },
        exp_avg_, exp_avg_sq_);
  }

  Params params_;
  bool fuses_ = true;
  Slot& exp_avg_;
  Slot& exp_avg_sq_;
  Slot* max_exp_avg_sq_;
};

// Pick the overload whose learning rate is a number, or a tensor.
using FusedAdam = void (*)(at::TensorList, at::TensorList, at::TensorList, at::TensorList,
                           at::TensorList, at::TensorList, double, double, double, double, double,
                           bool, bool, const std::optional<at::Tensor>&,
                           const std::optional<at::Tensor>&);
using RecordedAdam = void (*)(at::TensorList, at::TensorList, at::TensorList, at::TensorList,
                              at::TensorList, at::TensorList, const at::Tensor&, double, double,
                              double, double, bool, bool, const std::optional<at::Tensor>&,
                              const std::optional<at::Tensor>&);

}  // namespace fdl::optim
