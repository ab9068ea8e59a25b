#include "lib/catalog/optimizers/muon.h"

#include <algorithm>
#include <cmath>

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/addmm.h>

#include "lib/optim/algorithm.h"
#include "lib/optim/declarations.h"

namespace fdl::optim {
namespace {

// Near the orthogonal matrix closest to `momentum`, by a polynomial of odd powers applied again and
// again to its singular values. In bf16, as PyTorch computes it.
at::Tensor orthogonal(const catalog::MuonParams& p, const at::Tensor& momentum) {
  const bool is_tall = momentum.size(0) > momentum.size(1);
  at::Tensor x = momentum.to(at::kBFloat16);
  if (is_tall) x = x.t();
  x = x.div(x.norm().clamp_min(p.eps));
  const auto& [a, b, c] = p.ns_coefficients;
  for (std::int64_t i = 0; i < p.ns_steps; ++i) {
    const at::Tensor gram = x.mm(x.t());
    x = at::addmm(x, at::addmm(gram, gram, gram, b, c), x, a);
  }
  return (is_tall ? x.t() : x).to(at::kFloat);
}

class Muon final : public Algorithm {
 public:
  Muon(const catalog::MuonParams& params, const std::vector<tensor::NamedTensor>& parameters)
      : Algorithm(parameters, params.maximize),
        params_(params),
        momentum_buffer_(add_slot("momentum_buffer", shapes(true))),
        exp_avg_(add_slot("exp_avg", shapes(false))),
        exp_avg_sq_(add_slot("exp_avg_sq", shapes(false))) {}

  double base_lr() const override { return params_.lr; }

 private:
  void apply(const Work& work, const Rates& rates) override {
    const Work matrices = work.where([&](std::size_t k) { return is_muon(work.parameters[k]); });
    const Work others = work.where([&](std::size_t k) { return !is_muon(work.parameters[k]); });
    for (std::size_t k = 0; k < matrices.indices.size(); ++k) {
      const at::Tensor& parameter = matrices.parameters[k];
      parameter.mul_(1 - rates.lr * params_.weight_decay);
      parameter.add_(direction(matrices, k, rates), -rates.lr * scale(parameter));
    }
    if (others.indices.empty()) return;
    const double ratio = params_.lr > 0 ? params_.adamw_lr.value_or(params_.lr) / params_.lr : 1;
    at::_fused_adamw_(others.parameters, others.gradients, others.pick(exp_avg_),
                      others.pick(exp_avg_sq_), {}, others.steps, rates.lr * ratio,
                      params_.adamw_betas[0], params_.adamw_betas[1], params_.weight_decay,
                      params_.adamw_eps, /*amsgrad=*/false, /*maximize=*/false,
                      /*grad_scale=*/{}, /*found_inf=*/{});
  }

  bool is_muon(const at::Tensor& parameter) const {
    return params_.orthogonal && parameter.dim() == 2;
  }

  at::Tensor direction(const Work& work, std::size_t k, const Rates& rates) const {
    const double momentum = rates.momentum.value_or(params_.momentum);
    const at::Tensor& buffer = momentum_buffer_.values[work.indices[k]];
    buffer.lerp_(work.gradients[k], 1 - momentum);
    return orthogonal(params_,
                      params_.nesterov ? work.gradients[k].lerp(buffer, momentum) : buffer);
  }

  double scale(const at::Tensor& parameter) const {
    const auto rows = static_cast<double>(parameter.size(0)),
               columns = static_cast<double>(parameter.size(1));
    if (params_.adjust_lr_fn == "original") return std::sqrt(std::max(1.0, rows / columns));
    return 0.2 * std::sqrt(std::max(rows, columns));
  }

  // Shapes of the parameters that muon updates, or of those that adamw does.
  std::vector<Shape> shapes(bool of_muon) const {
    std::vector<Shape> out;
    for (const auto& parameter : this->parameters()) {
      out.emplace_back();
      if (is_muon(parameter.value) == of_muon) out.back() = parameter.value.sizes().vec();
    }
    return out;
  }

  catalog::MuonParams params_;
  Slot& momentum_buffer_;
  Slot& exp_avg_;
  Slot& exp_avg_sq_;
};

}  // namespace

std::unique_ptr<Optimizer> optimizer_muon(const catalog::Choice& choice,
                                          const std::vector<tensor::NamedTensor>& parameters) {
  return std::make_unique<Muon>(choice.as<catalog::MuonParams>(), parameters);
}

}  // namespace fdl::optim
