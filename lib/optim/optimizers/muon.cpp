#include "lib/catalog/optimizers/muon.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/full.h>

#include "lib/optim/algorithm.h"
#include "lib/optim/declarations.h"
#include "lib/optim/skipping.h"

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
    const double momentum = rates.momentum.value_or(params_.momentum);
    if (is_on_gpu()) {
      const at::Tensor lr = at::full({}, rates.lr, work.gpu_steps.front().options());
      return apply_on_gpu(work, momentum, lr, {});
    }
    const auto [matrices, others] = parts_of(work);
    for (std::size_t k = 0; k < matrices.indices.size(); ++k) {
      const at::Tensor& parameter = matrices.parameters[k];
      parameter.mul_(1 - rates.lr * params_.weight_decay);
      parameter.add_(direction(matrices, k, momentum, {}), -rates.lr * scale(parameter));
    }
    if (others.indices.empty()) return;
    give_adamw(others, others.steps, rates.lr * adamw_ratio(), {});
  }

  void apply_recorded(const Work& work, const Recorded& by) override {
    apply_on_gpu(work, params_.momentum, by.lr, by.skips);
  }

  // `skips` may be undefined: nothing is skipped.
  void apply_on_gpu(const Work& work, double momentum, const at::Tensor& rate,
                    const at::Tensor& skips) const {
    const auto [matrices, others] = parts_of(work);
    const at::Tensor is_skipped = skips.defined() ? skips.ne(0) : at::Tensor();
    const at::Tensor lr = rate.to(at::kDouble);
    const at::Tensor kept = lr.mul(-params_.weight_decay).add(1).to(at::kFloat);
    for (std::size_t k = 0; k < matrices.indices.size(); ++k) {
      const at::Tensor& parameter = matrices.parameters[k];
      const at::Tensor way = direction(matrices, k, momentum, is_skipped);
      const at::Tensor size = lr.mul(-scale(parameter)).to(at::kFloat);
      write(parameter, parameter.mul(kept).addcmul_(way, size), is_skipped);
    }
    if (others.indices.empty()) return;
    give_adamw(others, others.gpu_steps, rate.mul(adamw_ratio()),
               skips.defined() ? std::optional(skips) : std::nullopt);
  }

  // The learning rate: a number, or a scalar on the GPU.
  template <typename Rate>
  void give_adamw(const Work& work, const std::vector<at::Tensor>& steps, const Rate& lr,
                  const std::optional<at::Tensor>& skips) const {
    at::_fused_adamw_(work.parameters, work.gradients, work.pick(exp_avg_), work.pick(exp_avg_sq_),
                      {}, steps, lr, params_.adamw_betas[0], params_.adamw_betas[1],
                      params_.weight_decay, params_.adamw_eps, /*amsgrad=*/false,
                      /*maximize=*/false, /*grad_scale=*/{}, /*found_inf=*/skips);
  }

  // That of adamw, as a share of the other.
  double adamw_ratio() const {
    return params_.lr > 0 ? params_.adamw_lr.value_or(params_.lr) / params_.lr : 1;
  }

  // Those that muon updates, and those that adamw does.
  std::pair<Work, Work> parts_of(const Work& work) const {
    return {work.where([&](std::size_t k) { return is_muon(work.parameters[k]); }),
            work.where([&](std::size_t k) { return !is_muon(work.parameters[k]); })};
  }

  bool is_muon(const at::Tensor& parameter) const {
    return params_.orthogonal && parameter.dim() == 2;
  }

  at::Tensor direction(const Work& work, std::size_t k, double momentum,
                       const at::Tensor& is_skipped) const {
    const at::Tensor buffer = follow(momentum_buffer_.values[work.indices[k]], work.gradients[k],
                                     1 - momentum, is_skipped);
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
