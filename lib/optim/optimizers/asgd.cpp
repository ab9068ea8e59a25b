#include "lib/catalog/optimizers/asgd.h"

#include <algorithm>
#include <cmath>

#include "lib/optim/algorithm.h"
#include "lib/optim/declarations.h"

namespace fdl::optim {
namespace {

class Asgd final : public Algorithm {
 public:
  Asgd(const catalog::AsgdParams& params, const std::vector<tensor::NamedTensor>& parameters)
      : Algorithm(parameters, params.maximize),
        params_(params),
        eta_(add_numbers("eta", params.lr)),
        mu_(add_numbers("mu", 1)),
        ax_(add_slot("ax")) {}

  double base_lr() const override { return params_.lr; }

 private:
  void apply(const Work& work, const Rates& rates) override {
    const auto decay = static_cast<float>(params_.weight_decay);
    const auto prepare = [&, this](std::size_t k) {
      const std::size_t i = work.indices[k];
      float& eta = *eta_.values[i].mutable_data_ptr<float>();
      float& mu = *mu_.values[i].mutable_data_ptr<float>();
      const double step = work.step(k);
      if (step == 1) eta = static_cast<float>(rates.lr);
      const float size = eta, share = mu,
                  kept = static_cast<float>(1 - params_.lambd * static_cast<double>(eta));
      eta = static_cast<float>(rates.lr /
                               std::pow(1 + params_.lambd * rates.lr * step, params_.alpha));
      mu = static_cast<float>(1 / std::max(1.0, step - params_.t0));
      return [=](float& p, float g, float& mean) {
        g += decay * p;
        p = p * kept - size * g;
        mean = share == 1 ? p : mean + (p - mean) * share;
      };
    };
    for_each_element(work, prepare, ax_);
  }

  catalog::AsgdParams params_;
  Slot& eta_;
  Slot& mu_;
  Slot& ax_;
};

}  // namespace

std::unique_ptr<Optimizer> optimizer_asgd(const catalog::Choice& choice,
                                          const std::vector<tensor::NamedTensor>& parameters) {
  return std::make_unique<Asgd>(choice.as<catalog::AsgdParams>(), parameters);
}

}  // namespace fdl::optim
