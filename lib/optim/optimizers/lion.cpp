#include "lib/catalog/optimizers/lion.h"

#include "lib/optim/algorithm.h"
#include "lib/optim/declarations.h"

namespace fdl::optim {
namespace {

class Lion final : public Algorithm {
 public:
  Lion(const catalog::LionParams& params, const std::vector<tensor::NamedTensor>& parameters)
      : Algorithm(parameters, params.maximize), params_(params), exp_avg_(add_slot("exp_avg")) {}

  double base_lr() const override { return params_.lr; }

 private:
  void apply(const Work& work, const Rates& rates) override {
    const double beta1 = rates.momentum.value_or(params_.betas[0]);
    const auto step_share = static_cast<float>(1 - beta1),
               share = static_cast<float>(1 - params_.betas[1]), lr = static_cast<float>(rates.lr),
               kept = static_cast<float>(1 - rates.lr * params_.weight_decay);
    const auto prepare = [&](std::size_t) {
      return [=](float& p, float g, float& mean) {
        const float way = towards(mean, g, step_share);
        p = p * kept - lr * static_cast<float>((way > 0) - (way < 0));
        mean = towards(mean, g, share);
      };
    };
    for_each_element(work, prepare, exp_avg_);
  }

  catalog::LionParams params_;
  Slot& exp_avg_;
};

}  // namespace

std::unique_ptr<Optimizer> optimizer_lion(const catalog::Choice& choice,
                                          const std::vector<tensor::NamedTensor>& parameters) {
  return std::make_unique<Lion>(choice.as<catalog::LionParams>(), parameters);
}

}  // namespace fdl::optim
