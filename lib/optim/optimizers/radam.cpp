#include "lib/catalog/optimizers/radam.h"

#include <cmath>

#include "lib/optim/algorithm.h"
#include "lib/optim/declarations.h"

namespace fdl::optim {
namespace {

class RAdam final : public Algorithm {
 public:
  RAdam(const catalog::RAdamParams& params, const std::vector<tensor::NamedTensor>& parameters)
      : Algorithm(parameters, params.maximize),
        params_(params),
        exp_avg_(add_slot("exp_avg")),
        exp_avg_sq_(add_slot("exp_avg_sq")) {}

  double base_lr() const override { return params_.lr; }

 private:
  void apply(const Work& work, const Rates& rates) override {
    const double beta1 = rates.momentum.value_or(params_.betas[0]), beta2 = params_.betas[1];
    const bool apart = params_.decoupled_weight_decay;
    const auto kept = static_cast<float>(apart ? 1 - rates.lr * params_.weight_decay : 1),
               decay = static_cast<float>(apart ? 0 : params_.weight_decay),
               share = static_cast<float>(1 - beta1), square_kept = static_cast<float>(beta2),
               square_share = static_cast<float>(1 - beta2), eps = static_cast<float>(params_.eps);
    const auto prepare = [&](std::size_t k) {
      const double step = work.step(k), left = std::pow(beta2, step), correction = 1 - left;
      const double length = 2 / (1 - beta2) - 1, now = length - 2 * step * left / correction;
      const bool is_certain = now > 5;  // enough steps for the mean square to mean something
      const double rectified =
          std::sqrt((now - 4) * (now - 2) * length / ((length - 4) * (length - 2) * now));
      const auto size = static_cast<float>(rates.lr / (1 - std::pow(beta1, step))),
                 scale = static_cast<float>(is_certain ? rectified * std::sqrt(correction) : 1);
      return [=](float& p, float g, float& mean, float& square) {
        p *= kept;
        g += decay * p;
        mean = towards(mean, g, share);
        square = square * square_kept + square_share * g * g;
        p -= mean * size * (is_certain ? scale / (std::sqrt(square) + eps) : 1);
      };
    };
    for_each_element(work, prepare, exp_avg_, exp_avg_sq_);
  }

  catalog::RAdamParams params_;
  Slot& exp_avg_;
  Slot& exp_avg_sq_;
};

}  // namespace

std::unique_ptr<Optimizer> optimizer_radam(const catalog::Choice& choice,
                                           const std::vector<tensor::NamedTensor>& parameters) {
  return std::make_unique<RAdam>(choice.as<catalog::RAdamParams>(), parameters);
}

}  // namespace fdl::optim
