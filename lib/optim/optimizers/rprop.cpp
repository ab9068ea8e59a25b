#include "lib/catalog/optimizers/rprop.h"

#include <algorithm>

#include "lib/optim/algorithm.h"
#include "lib/optim/declarations.h"

namespace fdl::optim {
namespace {

class Rprop final : public Algorithm {
 public:
  Rprop(const catalog::RpropParams& params, const std::vector<tensor::NamedTensor>& parameters)
      : Algorithm(parameters, params.maximize),
        params_(params),
        prev_(add_slot("prev")),
        step_size_(add_slot("step_size", params.lr)) {}

  double base_lr() const override { return params_.lr; }

 private:
  void apply(const Work& work, const Rates& rates) override {
    // The learning rate of a schedule counts at the first step alone, as in PyTorch.
    const auto shorter = static_cast<float>(params_.etas[0]),
               longer = static_cast<float>(params_.etas[1]),
               least = static_cast<float>(params_.step_sizes[0]),
               most = static_cast<float>(params_.step_sizes[1]),
               first = static_cast<float>(rates.lr);
    const auto prepare = [&](std::size_t k) {
      const bool is_first = work.step(k) == 1;
      return [=](float& p, float g, float& former, float& size) {
        const float turn = g * former;
        if (is_first) size = first;
        size *= turn > 0 ? longer : turn < 0 ? shorter : 1;
        size = std::clamp(size, least, most);
        if (turn < 0) g = 0;
        p -= static_cast<float>((g > 0) - (g < 0)) * size;
        former = g;
      };
    };
    for_each_element(work, prepare, prev_, step_size_);
  }

  catalog::RpropParams params_;
  Slot& prev_;
  Slot& step_size_;
};

}  // namespace

std::unique_ptr<Optimizer> optimizer_rprop(const catalog::Choice& choice,
                                           const std::vector<tensor::NamedTensor>& parameters) {
  return std::make_unique<Rprop>(choice.as<catalog::RpropParams>(), parameters);
}

}  // namespace fdl::optim
