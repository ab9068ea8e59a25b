#include "lib/train/observer.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/core/grad_mode.h>

namespace fdl::train {

double statistic_of(job::Statistic statistic, const std::vector<at::Tensor>& tensors) {
  const at::NoGradGuard no_grad;
  double count = 0, sum = 0, squares = 0, zeros = 0;
  double least = std::numeric_limits<double>::infinity(), most = -least;
  for (const at::Tensor& tensor : tensors) {
    if (!tensor.defined() || tensor.numel() == 0) continue;
    const at::Tensor x = tensor.detach().to(at::kDouble);
    count += static_cast<double>(x.numel());
    sum += x.sum().item<double>();
    squares += x.square().sum().item<double>();
    zeros += static_cast<double>(x.eq(0).sum().item<std::int64_t>());
    least = std::min(least, x.min().item<double>());
    most = std::max(most, x.max().item<double>());
  }
  if (count == 0) return std::numeric_limits<double>::quiet_NaN();
  const double mean = sum / count;
  switch (statistic) {
    case job::Statistic::Mean:
      return mean;
    case job::Statistic::Std:
      return std::sqrt(std::max(0.0, squares / count - mean * mean));
    case job::Statistic::Min:
      return least;
    case job::Statistic::Max:
      return most;
    case job::Statistic::AbsMax:
      return std::max(std::abs(least), std::abs(most));
    case job::Statistic::Norm:
      return std::sqrt(squares);
    case job::Statistic::Zeros:
      return zeros / count;
  }
  return mean;
}

Observer::Observer(const job::Observe& what, const std::vector<tensor::NamedTensor>& parameters)
    : what_(what), parameters_(parameters) {
  for (std::size_t i = 0; i < parameters.size(); ++i) places_[parameters[i].name] = i;
}

exec::NodeWatch Observer::watch() {
  return [this](const graph::Node& node, const std::vector<at::Tensor>& outputs) {
    for (const job::Observation& one : what_.what) {
      if (one.of != job::Observation::Of::Value) continue;
      const auto at = std::find(node.outputs.begin(), node.outputs.end(), one.value);
      if (at == node.outputs.end()) continue;
      const at::Tensor& value = outputs[static_cast<std::size_t>(at - node.outputs.begin())];
      Sum& sum = sums_[one.name];
      sum.sum += statistic_of(one.statistic, {value});
      ++sum.count;
    }
  };
}

std::vector<at::Tensor> Observer::pick(const std::vector<std::string>& paths,
                                       const std::vector<at::Tensor>& from) const {
  std::vector<at::Tensor> out;
  for (const std::string& path : paths) out.push_back(from[places_.at(path)]);
  return out;
}

void Observer::look_at(const std::vector<at::Tensor>& gradients) {
  std::vector<at::Tensor> values;
  for (const tensor::NamedTensor& parameter : parameters_) values.push_back(parameter.value);
  for (const job::Observation& one : what_.what) {
    if (one.of == job::Observation::Of::Value) continue;
    const bool is_gradient = one.of == job::Observation::Of::Gradient;
    sums_[one.name] = {
        statistic_of(one.statistic, pick(one.parameters, is_gradient ? gradients : values)), 1};
  }
}

std::map<std::string, double> Observer::take() {
  std::map<std::string, double> out;
  for (const auto& [name, sum] : sums_)
    out["observe/" + name] = sum.sum / static_cast<double>(sum.count);
  sums_.clear();
  return out;
}

}  // namespace fdl::train
