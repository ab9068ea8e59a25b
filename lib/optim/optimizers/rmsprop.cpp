#include "lib/catalog/optimizers/rmsprop.h"

#include <cmath>
#include <tuple>

#include "lib/optim/algorithm.h"
#include "lib/optim/declarations.h"

namespace fdl::optim {
namespace {

class RmsProp final : public Algorithm {
 public:
  RmsProp(const catalog::RmsPropParams& params, const std::vector<tensor::NamedTensor>& parameters)
      : Algorithm(parameters, params.maximize),
        params_(params),
        square_avg_(add_slot("square_avg")),
        momentum_buffer_(params.momentum > 0 ? &add_slot("momentum_buffer") : nullptr),
        grad_avg_(params.centered ? &add_slot("grad_avg") : nullptr) {}

  double base_lr() const override { return params_.lr; }

 private:
  void apply(const Work& work, const Rates& rates) override {
    if (momentum_buffer_ != nullptr && grad_avg_ != nullptr)
      return run<true, true>(work, rates, *momentum_buffer_, *grad_avg_);
    if (momentum_buffer_ != nullptr) return run<true, false>(work, rates, *momentum_buffer_);
    if (grad_avg_ != nullptr) return run<false, true>(work, rates, *grad_avg_);
    run<false, false>(work, rates);
  }

  template <bool kMomentum, bool kCentered, typename... Slots>
  void run(const Work& work, const Rates& rates, const Slots&... slots) const {
    const auto decay = static_cast<float>(params_.weight_decay),
               eps = static_cast<float>(params_.eps), alpha = static_cast<float>(params_.alpha),
               share = static_cast<float>(1 - params_.alpha), lr = static_cast<float>(rates.lr),
               momentum = static_cast<float>(rates.momentum.value_or(params_.momentum));
    const auto prepare = [&](std::size_t) {
      return [=](float& p, float g, float& square, auto&... more) {
        const auto others = std::tie(more...);
        g += decay * p;
        square = square * alpha + share * g * g;
        float spread = square;
        if constexpr (kCentered) {
          float& mean = std::get<sizeof...(more) - 1>(others);
          mean = towards(mean, g, share);
          spread -= mean * mean;
        }
        const float root = std::sqrt(spread) + eps;
        if constexpr (kMomentum) {
          float& buffer = std::get<0>(others);
          buffer = buffer * momentum + g / root;
          p -= lr * buffer;
        } else {
          p -= lr * g / root;
        }
      };
    };
    for_each_element(work, prepare, square_avg_, slots...);
  }

  catalog::RmsPropParams params_;
  Slot& square_avg_;
  Slot* momentum_buffer_;
  Slot* grad_avg_;
};

}  // namespace

std::unique_ptr<Optimizer> optimizer_rmsprop(const catalog::Choice& choice,
                                             const std::vector<tensor::NamedTensor>& parameters) {
  return std::make_unique<RmsProp>(choice.as<catalog::RmsPropParams>(), parameters);
}

}  // namespace fdl::optim
