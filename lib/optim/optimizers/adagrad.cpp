#include "lib/catalog/optimizers/adagrad.h"

#include <cmath>

#include "lib/optim/algorithm.h"
#include "lib/optim/declarations.h"

namespace fdl::optim {
namespace {

class Adagrad final : public Algorithm {
 public:
  Adagrad(const catalog::AdagradParams& params, const std::vector<tensor::NamedTensor>& parameters)
      : Algorithm(parameters, params.maximize),
        params_(params),
        sum_(add_slot("sum", params.initial_accumulator_value)) {}

  double base_lr() const override { return params_.lr; }

 private:
  void apply(const Work& work, const Rates& rates) override {
    const auto decay = static_cast<float>(params_.weight_decay),
               eps = static_cast<float>(params_.eps);
    const auto prepare = [&, this](std::size_t k) {
      const auto size = static_cast<float>(rates.lr / (1 + (work.step(k) - 1) * params_.lr_decay));
      return [=](float& p, float g, float& sum) {
        g += decay * p;
        sum += g * g;
        p -= size * g / (std::sqrt(sum) + eps);
      };
    };
    for_each_element(work, prepare, sum_);
  }

  catalog::AdagradParams params_;
  Slot& sum_;
};

}  // namespace

std::unique_ptr<Optimizer> optimizer_adagrad(const catalog::Choice& choice,
                                             const std::vector<tensor::NamedTensor>& parameters) {
  return std::make_unique<Adagrad>(choice.as<catalog::AdagradParams>(), parameters);
}

}  // namespace fdl::optim
