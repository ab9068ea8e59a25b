#include "lib/optim/clip.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include <ATen/ops/_foreach_clamp_max.h>
#include <ATen/ops/_foreach_clamp_min.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>

namespace fdl::optim {

Clip::Clip(const std::vector<job::ClipRule>& rules,
           const std::vector<tensor::NamedTensor>& parameters) {
  std::map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < parameters.size(); ++i) index[parameters[i].name] = i;
  for (const job::ClipRule& rule : rules) {
    Rule& own = rules_.emplace_back(Rule{rule, {}});
    for (const std::string& path : rule.paths) own.indices.push_back(index.at(path));
  }
}

namespace {

constexpr double kAbove0 = 1e-6;  // PyTorch's

std::vector<at::Tensor> with_numbers(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> out;
  std::copy_if(tensors.begin(), tensors.end(), std::back_inserter(out),
               [](const at::Tensor& t) { return t.defined() && t.numel() > 0; });
  return out;
}

// A scalar where the tensors are, of which there are some.
at::Tensor whole_norm(const std::vector<at::Tensor>& tensors, double p) {
  return at::linalg_vector_norm(at::stack(at::_foreach_norm(tensors, p)), p);
}

}  // namespace

template <typename BoundNorm>
void Clip::apply_rules(std::vector<at::Tensor>& gradients, BoundNorm bound_norm) const {
  for (const Rule& rule : rules_) {
    std::vector<std::size_t> places;
    std::vector<at::Tensor> own;
    for (const std::size_t i : rule.indices) {
      if (!gradients[i].defined()) continue;
      places.push_back(i);
      own.push_back(gradients[i]);
    }
    if (own.empty()) continue;
    if (rule.bounds.value)
      own = at::_foreach_clamp_max(at::_foreach_clamp_min(own, -*rule.bounds.value),
                                   *rule.bounds.value);
    if (rule.bounds.norm) own = bound_norm(std::move(own), rule.bounds);
    for (std::size_t k = 0; k < places.size(); ++k) gradients[places[k]] = std::move(own[k]);
  }
}

std::optional<double> Clip::apply(std::vector<at::Tensor>& gradients) const {
  std::optional<double> out;
  apply_rules(gradients, [&](std::vector<at::Tensor> own, const job::ClipRule& bounds) {
    const double norm = norm_of(own, bounds.norm_type);
    if (!out) out = norm;
    const double factor = *bounds.norm / (norm + kAbove0);
    return factor < 1 ? at::_foreach_mul(own, factor) : own;
  });
  return out;
}

at::Tensor Clip::apply_on_gpu(std::vector<at::Tensor>& gradients) const {
  at::Tensor out;
  apply_rules(gradients, [&](std::vector<at::Tensor> own, const job::ClipRule& bounds) {
    const std::vector<at::Tensor> counted = with_numbers(own);
    if (counted.empty()) return own;
    const at::Tensor norm = whole_norm(counted, bounds.norm_type);
    if (!out.defined()) out = norm;
    // As the CPU has it: in double, then rounded once.
    const at::Tensor factor = norm.to(at::kDouble).add(kAbove0).reciprocal().mul(*bounds.norm);
    return at::_foreach_mul(own, factor.clamp_max(1).to(norm.scalar_type()));
  });
  return out;
}

double norm_of(const std::vector<at::Tensor>& tensors, double p) {
  const std::vector<at::Tensor> counted = with_numbers(tensors);
  return counted.empty() ? 0 : whole_norm(counted, p).item<double>();
}

}  // namespace fdl::optim
