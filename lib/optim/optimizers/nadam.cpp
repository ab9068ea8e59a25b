#include "lib/catalog/optimizers/nadam.h"

#include <cmath>

#include "lib/optim/algorithm.h"
#include "lib/optim/declarations.h"

namespace fdl::optim {
namespace {

struct Step {
  float mean_share, square_kept, square_share, correction, eps, kept, decay, size, next_size;

  void operator()(float& p, float g, float& mean, float& square) const {
    p *= kept;
    g += decay * p;
    mean = towards(mean, g, mean_share);
    square = square * square_kept + square_share * g * g;
    const float root = std::sqrt(square / correction) + eps;
    p -= size * g / root;
    p -= next_size * mean / root;
  }
};

class NAdam final : public Algorithm {
 public:
  NAdam(const catalog::NAdamParams& params, const std::vector<tensor::NamedTensor>& parameters)
      : Algorithm(parameters, params.maximize),
        params_(params),
        exp_avg_(add_slot("exp_avg")),
        exp_avg_sq_(add_slot("exp_avg_sq")),
        mu_product_(add_numbers("mu_product", 1)) {}

  double base_lr() const override { return params_.lr; }

 private:
  void apply(const Work& work, const Rates& rates) override {
    const double beta1 = rates.momentum.value_or(params_.betas[0]), beta2 = params_.betas[1];
    const auto momentum_at = [&](double step) {
      return beta1 * (1 - 0.5 * std::pow(0.96, step * params_.momentum_decay));
    };
    const auto prepare = [&, this](std::size_t k) {
      const double step = work.step(k), now = momentum_at(step), next = momentum_at(step + 1);
      float& product = *mu_product_.values[work.indices[k]].mutable_data_ptr<float>();
      product *= static_cast<float>(now);
      const double kept = params_.decoupled_weight_decay ? 1 - rates.lr * params_.weight_decay : 1;
      const double decay = params_.decoupled_weight_decay ? 0 : params_.weight_decay;
      return Step{static_cast<float>(1 - beta1),
                  static_cast<float>(beta2),
                  static_cast<float>(1 - beta2),
                  static_cast<float>(1 - std::pow(beta2, step)),
                  static_cast<float>(params_.eps),
                  static_cast<float>(kept),
                  static_cast<float>(decay),
                  static_cast<float>(rates.lr * (1 - now) / (1 - product)),
                  static_cast<float>(rates.lr * next / (1 - product * next))};
    };
    for_each_element(work, prepare, exp_avg_, exp_avg_sq_);
  }

  catalog::NAdamParams params_;
  Slot& exp_avg_;
  Slot& exp_avg_sq_;
  Slot& mu_product_;
};

}  // namespace

std::unique_ptr<Optimizer> optimizer_nadam(const catalog::Choice& choice,
                                           const std::vector<tensor::NamedTensor>& parameters) {
  return std::make_unique<NAdam>(choice.as<catalog::NAdamParams>(), parameters);
}

}  // namespace fdl::optim
