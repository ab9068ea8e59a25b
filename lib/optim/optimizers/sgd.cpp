#include "lib/catalog/optimizers/sgd.h"

#include <ATen/ops/_fused_sgd.h>

#include "lib/optim/algorithm.h"
#include "lib/optim/declarations.h"

namespace fdl::optim {
namespace {

constexpr const char* kBuffer = "momentum_buffer";

class Sgd final : public Algorithm {
 public:
  Sgd(const catalog::SgdParams& params, const std::vector<tensor::NamedTensor>& parameters)
      : Algorithm(parameters, params.maximize), params_(params) {
    if (params.momentum != 0) buffer_ = &add_slot(kBuffer);
  }

  double base_lr() const override { return params_.lr; }

  void expect(const std::vector<std::string>& names) override {
    // A schedule may have brought in momentum where the optimizer itself has none.
    for (const std::string& name : names) {
      if (buffer_ == nullptr && name.ends_with(std::string(".") + kBuffer))
        buffer_ = &add_slot(kBuffer);
    }
  }

 private:
  void apply(const Work& work, const Rates& rates) override {
    const double momentum = rates.momentum.value_or(params_.momentum);
    if (momentum != 0 && buffer_ == nullptr) buffer_ = &add_slot(kBuffer);
    if (momentum == 0) return run(work, momentum, rates.lr, false);
    // A first gradient becomes the buffer as it is, without dampening.
    const Work first = work.where([&](std::size_t k) { return work.step(k) == 1; });
    const Work later = work.where([&](std::size_t k) { return work.step(k) != 1; });
    if (!first.indices.empty()) run(first, momentum, rates.lr, true);
    if (!later.indices.empty()) run(later, momentum, rates.lr, false);
  }

  void apply_recorded(const Work& work, const Recorded& by) override {
    const double momentum = params_.momentum;
    const auto buffers = momentum != 0 ? work.pick(*buffer_) : std::vector<at::Tensor>();
    at::_fused_sgd_(work.parameters, work.gradients, buffers, params_.weight_decay, momentum, by.lr,
                    params_.dampening, params_.nesterov, /*maximize=*/false,
                    /*is_first_step=*/false, /*grad_scale=*/{}, /*found_inf=*/by.skips);
  }

  void run(const Work& work, double momentum, double lr, bool is_first) const {
    const auto buffers = momentum != 0 ? work.pick(*buffer_) : std::vector<at::Tensor>();
    at::_fused_sgd_(work.parameters, work.gradients, buffers, params_.weight_decay, momentum, lr,
                    params_.dampening, params_.nesterov, /*maximize=*/false, is_first);
  }

  catalog::SgdParams params_;
  Slot* buffer_ = nullptr;
};

}  // namespace

std::unique_ptr<Optimizer> optimizer_sgd(const catalog::Choice& choice,
                                         const std::vector<tensor::NamedTensor>& parameters) {
  return std::make_unique<Sgd>(choice.as<catalog::SgdParams>(), parameters);
}

}  // namespace fdl::optim
