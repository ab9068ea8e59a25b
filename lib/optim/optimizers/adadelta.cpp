#include "lib/catalog/optimizers/adadelta.h"

#include <cmath>

#include "lib/optim/algorithm.h"
#include "lib/optim/declarations.h"

namespace fdl::optim {
namespace {

class Adadelta final : public Algorithm {
 public:
  Adadelta(const catalog::AdadeltaParams& params,
           const std::vector<tensor::NamedTensor>& parameters)
      : Algorithm(parameters, params.maximize),
        params_(params),
        square_avg_(add_slot("square_avg")),
        acc_delta_(add_slot("acc_delta")) {}

  double base_lr() const override { return params_.lr; }

 private:
  void apply(const Work& work, const Rates& rates) override {
    const auto decay = static_cast<float>(params_.weight_decay),
               eps = static_cast<float>(params_.eps), rho = static_cast<float>(params_.rho),
               share = static_cast<float>(1 - params_.rho), lr = static_cast<float>(rates.lr);
    const auto prepare = [&](std::size_t) {
      return [=](float& p, float g, float& square, float& steps) {
        g += decay * p;
        square = square * rho + share * g * g;
        const float step = std::sqrt(steps + eps) / std::sqrt(square + eps) * g;
        steps = steps * rho + share * step * step;
        p -= lr * step;
      };
    };
    for_each_element(work, prepare, square_avg_, acc_delta_);
  }

  catalog::AdadeltaParams params_;
  Slot& square_avg_;
  Slot& acc_delta_;
};

}  // namespace

std::unique_ptr<Optimizer> optimizer_adadelta(const catalog::Choice& choice,
                                              const std::vector<tensor::NamedTensor>& parameters) {
  return std::make_unique<Adadelta>(choice.as<catalog::AdadeltaParams>(), parameters);
}

}  // namespace fdl::optim
