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

std::optional<double> Clip::apply(std::vector<at::Tensor>& gradients) const {
  std::optional<double> out;
  constexpr double kAbove0 = 1e-6;  // PyTorch's
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
    if (rule.bounds.norm) {
      const double norm = norm_of(own, rule.bounds.norm_type);
      if (!out) out = norm;
      const double factor = *rule.bounds.norm / (norm + kAbove0);
      if (factor < 1) own = at::_foreach_mul(own, factor);
    }
    for (std::size_t k = 0; k < places.size(); ++k) gradients[places[k]] = std::move(own[k]);
  }
  return out;
}

double norm_of(const std::vector<at::Tensor>& tensors, double p) {
  std::vector<at::Tensor> defined;
  std::copy_if(tensors.begin(), tensors.end(), std::back_inserter(defined),
               [](const at::Tensor& t) { return t.defined() && t.numel() > 0; });
  if (defined.empty()) return 0;
  return at::linalg_vector_norm(at::stack(at::_foreach_norm(defined, p)), p).item<double>();
}

}  // namespace fdl::optim
