#include "lib/catalog/optimizers/adafactor.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/ops/full.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/norm.h>

#include "lib/optim/algorithm.h"
#include "lib/optim/declarations.h"
#include "lib/optim/skipping.h"

namespace fdl::optim {
namespace {

double root_mean_square(const at::Tensor& t) {
  return t.norm(2).item<double>() / std::sqrt(static_cast<double>(t.numel()));
}

// The same as a scalar of f64 on the GPU.
at::Tensor gpu_root_mean_square(const at::Tensor& t) {
  return t.norm(2).to(at::kDouble).div(std::sqrt(static_cast<double>(t.numel())));
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
    if (is_on_gpu())
      return apply_on_gpu(work, at::full({}, rates.lr, work.gpu_steps.front().options()), {});
    for (std::size_t k = 0; k < work.indices.size(); ++k) {
      const at::Tensor &parameter = work.parameters[k], &gradient = work.gradients[k];
      const double step = work.step(k);
      const at::Tensor mean_square =
          mean_squares(work.indices[k], gradient, std::pow(step, params_.beta2_decay), {});
      const at::Tensor update = update_by(mean_square, gradient);
      const double size = std::max(params_.eps[1].value_or(0), root_mean_square(parameter)) *
                          std::min(rates.lr, 1 / std::sqrt(step));
      if (params_.weight_decay != 0) parameter.mul_(1 - rates.lr * params_.weight_decay);
      parameter.add_(update, -size / std::max(1.0, root_mean_square(update) / params_.d));
    }
  }

  void apply_recorded(const Work& work, const Recorded& by) override {
    apply_on_gpu(work, by.lr, by.skips.ne(0));
  }

  // Without a number that the CPU would wait for.
  void apply_on_gpu(const Work& work, const at::Tensor& rate, const at::Tensor& is_skipped) const {
    const at::Tensor lr = rate.to(at::kDouble);
    const at::Tensor kept = lr.mul(-params_.weight_decay).add(1).to(at::kFloat);
    for (std::size_t k = 0; k < work.indices.size(); ++k) {
      const at::Tensor &parameter = work.parameters[k], &gradient = work.gradients[k];
      const at::Tensor step = work.gpu_steps[k].to(at::kDouble);
      const at::Tensor mean_square = mean_squares(
          work.indices[k], gradient, step.pow(params_.beta2_decay).to(at::kFloat), is_skipped);
      const at::Tensor update = update_by(mean_square, gradient);
      const at::Tensor size = gpu_root_mean_square(parameter)
                                  .clamp_min(params_.eps[1].value_or(0))
                                  .mul(at::minimum(lr, step.rsqrt()))
                                  .div(gpu_root_mean_square(update).div(params_.d).clamp_min(1.0));
      const at::Tensor shrunk = params_.weight_decay != 0 ? parameter.mul(kept) : parameter;
      write(parameter, shrunk.addcmul(update, size.to(at::kFloat), /*value=*/-1), is_skipped);
    }
  }

  at::Tensor update_by(const at::Tensor& mean_square, const at::Tensor& gradient) const {
    const double least = least_root();
    return mean_square.clamp_min(least * least).rsqrt_().mul_(gradient);
  }

  double least_root() const {
    return params_.eps[0].value_or(std::numeric_limits<float>::epsilon());
  }

  // The running mean of the squared gradient, after this step.
  template <typename Share>
  at::Tensor mean_squares(std::size_t i, const at::Tensor& gradient, const Share& share,
                          const at::Tensor& is_skipped) const {
    if (gradient.dim() < 2)
      return follow(variance_.values[i], gradient.mul(gradient), share, is_skipped);
    const auto mean = [&](std::int64_t axis) {
      return at::norm(gradient, 2, axis, /*keepdim=*/true).square_().div_(gradient.size(axis));
    };
    const at::Tensor rows = follow(row_var_.values[i], mean(-1), share, is_skipped),
                     columns = follow(col_var_.values[i], mean(-2), share, is_skipped);
    return rows.mul(columns).div_(rows.mean(-2, /*keepdim=*/true).clamp_min_(least_root()));
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
