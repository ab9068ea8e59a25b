#include "lib/catalog/optimizers/adamax.h"

#include <algorithm>
#include <cmath>

#include "lib/optim/algorithm.h"
#include "lib/optim/declarations.h"

namespace fdl::optim {
namespace {

class Adamax final : public Algorithm {
 public:
  Adamax(const catalog::AdamaxParams& params, const std::vector<tensor::NamedTensor>& parameters)
      : Algorithm(parameters, params.maximize),
        params_(params),
        exp_avg_(add_slot("exp_avg")),
        exp_inf_(add_slot("exp_inf")) {}

  double base_lr() const override { return params_.lr; }

 private:
  void apply(const Work& work, const Rates& rates) override {
    const double beta1 = rates.momentum.value_or(params_.betas[0]);
    const auto share = static_cast<float>(1 - beta1), beta2 = static_cast<float>(params_.betas[1]),
               eps = static_cast<float>(params_.eps),
               decay = static_cast<float>(params_.weight_decay);
    const auto prepare = [&](std::size_t k) {
      const auto size = static_cast<float>(rates.lr / (1 - std::pow(beta1, work.step(k))));
      return [=](float& p, float g, float& mean, float& largest) {
        g += decay * p;
        mean = towards(mean, g, share);
        largest = std::max(largest * beta2, std::abs(g) + eps);
        p -= size * mean / largest;
      };
    };
    for_each_element(work, prepare, exp_avg_, exp_inf_);
  }

  catalog::AdamaxParams params_;
  Slot& exp_avg_;
  Slot& exp_inf_;
};

}  // namespace

std::unique_ptr<Optimizer> optimizer_adamax(const catalog::Choice& choice,
                                            const std::vector<tensor::NamedTensor>& parameters) {
  return std::make_unique<Adamax>(choice.as<catalog::AdamaxParams>(), parameters);
}

}  // namespace fdl::optim
