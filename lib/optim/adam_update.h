#pragma once

#include <array>
#include <optional>

#include <ATen/core/Tensor.h>

#include "lib/optim/algorithm.h"

namespace fdl::optim {

// Adam and AdamW: the same state, two kernels of one signature.
template <typename Params, auto kFusedUpdate>
class AdamUpdate final : public Algorithm {
 public:
  AdamUpdate(const Params& params, const std::vector<tensor::NamedTensor>& parameters)
      : Algorithm(parameters, params.maximize),
        params_(params),
        exp_avg_(add_slot("exp_avg")),
        exp_avg_sq_(add_slot("exp_avg_sq")),
        max_exp_avg_sq_(params.amsgrad ? &add_slot("max_exp_avg_sq") : nullptr) {}

  double base_lr() const override { return params_.lr; }

 private:
  void apply(const Work& work, const Rates& rates) override {
    const auto largest =
        max_exp_avg_sq_ != nullptr ? work.pick(*max_exp_avg_sq_) : std::vector<at::Tensor>();
    kFusedUpdate(work.parameters, work.gradients, work.pick(exp_avg_), work.pick(exp_avg_sq_),
                 largest, work.steps, rates.lr, rates.momentum.value_or(params_.betas[0]),
                 params_.betas[1], params_.weight_decay, params_.eps, params_.amsgrad,
                 /*maximize=*/false, /*grad_scale=*/{}, /*found_inf=*/{});
  }

  Params params_;
  Slot& exp_avg_;
  Slot& exp_avg_sq_;
  Slot* max_exp_avg_sq_;
};

// Picks the overload whose learning rate is a number.
using FusedAdam = void (*)(at::TensorList, at::TensorList, at::TensorList, at::TensorList,
                           at::TensorList, at::TensorList, double, double, double, double, double,
                           bool, bool, const std::optional<at::Tensor>&,
                           const std::optional<at::Tensor>&);

}  // namespace fdl::optim
