#include "lib/catalog/optimizers/adafactor.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/ops/norm.h>

#include "lib/optim/algorithm.h"
#include "lib/optim/declarations.h"

namespace fdl::optim {
namespace {

double root_mean_square(const at::Tensor& t) {
  return t.norm(2).item<double>() / std::sqrt(static_cast<double>(t.numel()));
}

class Adafactor final : public Algorithm {
 public:
  Adafactor(const catalog::AdafactorParams& params,
            const std::vector<tensor::NamedTensor>& parameters)
      : Algorithm(parameters, params.maximize),
        params_(params),
        row_var_(add_slot("row_var", factored(-1))),
        col_var_(add_slot("col_var", factored(-2))),
        variance_(add_slot("variance", whole())) {}

  double base_lr() const override { return params_.lr; }

 private:
  void apply(const Work& work, const Rates& rates) override {
    for (std::size_t k = 0; k < work.indices.size(); ++k) {
      const at::Tensor &parameter = work.parameters[k], &gradient = work.gradients[k];
      const double step = work.step(k);
      const at::Tensor mean_square =
          mean_squares(work.indices[k], gradient, std::pow(step, params_.beta2_decay));
      const double least = least_root();
      const at::Tensor update = mean_square.clamp_min(least * least).rsqrt_().mul_(gradient);
      const double size = std::max(params_.eps[1].value_or(0), root_mean_square(parameter)) *
                          std::min(rates.lr, 1 / std::sqrt(step));
      if (params_.weight_decay != 0) parameter.mul_(1 - rates.lr * params_.weight_decay);
      parameter.add_(update, -size / std::max(1.0, root_mean_square(update) / params_.d));
    }
  }

  double least_root() const {
    return params_.eps[0].value_or(std::numeric_limits<float>::epsilon());
  }

  // The running mean of the squared gradient, after this step.
  at::Tensor mean_squares(std::size_t i, const at::Tensor& gradient, double share) const {
    if (gradient.dim() < 2) {
      variance_.values[i].lerp_(gradient.mul(gradient), share);
      return variance_.values[i].clone();
    }
    const at::Tensor &rows = row_var_.values[i], &columns = col_var_.values[i];
    for (const std::int64_t axis : {-1, -2}) {
      const at::Tensor mean =
          at::norm(gradient, 2, axis, /*keepdim=*/true).square_().div_(gradient.size(axis));
      (axis == -1 ? rows : columns).lerp_(mean, share);
    }
    return rows.matmul(columns).div_(rows.mean(-2, /*keepdim=*/true).clamp_min_(least_root()));
  }

  // Shapes of the parameters with that axis of length 1; none for those with one axis.
  std::vector<Shape> factored(std::int64_t axis) const {
    std::vector<Shape> out;
    for (const auto& parameter : this->parameters()) {
      out.emplace_back();
      if (parameter.value.dim() < 2) continue;
      out.back() = parameter.value.sizes().vec();
      (*out.back())[static_cast<std::size_t>(parameter.value.dim() + axis)] = 1;
    }
    return out;
  }

  // Shapes of those with one axis.
  std::vector<Shape> whole() const {
    std::vector<Shape> out;
    for (const auto& parameter : this->parameters()) {
      out.emplace_back();
      if (parameter.value.dim() < 2) out.back() = parameter.value.sizes().vec();
    }
    return out;
  }

  catalog::AdafactorParams params_;
  Slot& row_var_;
  Slot& col_var_;
  Slot& variance_;
};

}  // namespace

std::unique_ptr<Optimizer> optimizer_adafactor(const catalog::Choice& choice,
                                               const std::vector<tensor::NamedTensor>& parameters) {
  return std::make_unique<Adafactor>(choice.as<catalog::AdafactorParams>(), parameters);
}

}  // namespace fdl::optim
