#include "lib/train/averages.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_lerp.h>

namespace fdl::train {

Averages::Averages(const job::Ema& rule, const std::vector<tensor::NamedTensor>& model)
    : rule_(rule), model_(model) {
  for (const tensor::NamedTensor& t : model) own_.push_back({t.name, t.value.detach().clone()});
}

void Averages::follow(std::int64_t step) {
  if (step % rule_.every != 0) return;
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> averages, values;
  for (std::size_t i = 0; i < own_.size(); ++i) {
    if (at::isFloatingType(own_[i].value.scalar_type())) {
      averages.push_back(own_[i].value);
      values.push_back(model_[i].value);
    } else {
      own_[i].value.copy_(model_[i].value);
    }
  }
  at::_foreach_lerp_(averages, values, 1 - rule_.decay_at(step / rule_.every - 1));
}

void Averages::exchange() {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < own_.size(); ++i) {
    const at::Tensor kept = own_[i].value.clone();
    own_[i].value.copy_(model_[i].value);
    model_[i].value.copy_(kept);
  }
}

Result<void> Averages::load(const std::filesystem::path& path) {
  return tensor::load_tensors_into(path, own_);
}

void Averages::restart() {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < own_.size(); ++i) own_[i].value.copy_(model_[i].value);
}

}  // namespace fdl::train
