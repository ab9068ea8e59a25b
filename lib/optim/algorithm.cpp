#include "lib/optim/algorithm.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include "lib/base/check.h"

namespace fdl::optim {

std::vector<at::Tensor> Algorithm::Work::pick(const Slot& slot) const {
  std::vector<at::Tensor> out;
  out.reserve(indices.size());
  for (const std::size_t i : indices) out.push_back(slot.values[i]);
  return out;
}

Algorithm::Algorithm(std::vector<tensor::NamedTensor> parameters, bool maximize)
    : parameters_(std::move(parameters)), maximize_(maximize) {
  step_counts_ = at::zeros({static_cast<std::int64_t>(parameters_.size())}, at::kFloat);
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    steps_.push_back(step_counts_.select(0, static_cast<std::int64_t>(i)));
}

Algorithm::Slot& Algorithm::add_slot(const std::string& name, double initial) {
  std::vector<Shape> shapes;
  for (const auto& parameter : parameters_) shapes.emplace_back(parameter.value.sizes().vec());
  return add_slot(name, shapes, initial);
}

Algorithm::Slot& Algorithm::add_numbers(const std::string& name, double initial) {
  return add_slot(name, std::vector<Shape>(parameters_.size(), tensor::Sizes{}), initial);
}

Algorithm::Slot& Algorithm::add_slot(const std::string& name, const std::vector<Shape>& shapes,
                                     double initial) {
  std::vector<tensor::Sizes> present;
  for (const Shape& shape : shapes) {
    if (shape) present.push_back(*shape);
  }
  auto slot = std::make_unique<Slot>(Slot{name, tensor::FlatBuffer(present), {}});
  std::size_t next = 0;
  for (const Shape& shape : shapes) {
    if (!shape) {
      slot->values.emplace_back();
      continue;
    }
    slot->values.push_back(slot->buffer.views()[next++]);
    if (initial != 0) slot->values.back().fill_(initial);
  }
  slots_.push_back(std::move(slot));
  return *slots_.back();
}

void Algorithm::update(const std::vector<at::Tensor>& gradients, const Rates& rates) {
  FDL_CHECK(gradients.size() == parameters_.size());
  const at::NoGradGuard no_grad;
  Work work;
  auto* counts = step_counts_.mutable_data_ptr<float>();
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined()) continue;
    counts[i] += 1;
    work.indices.push_back(i);
    work.parameters.push_back(parameters_[i].value);
    work.steps.push_back(steps_[i]);
    // Updates walk over raw memory and do not look at strides.
    const at::Tensor gradient = gradients[i].contiguous();
    work.gradients.push_back(maximize_ ? gradient.neg() : gradient);
  }
  if (!work.indices.empty()) apply(work, rates);
}

std::vector<tensor::NamedTensor> Algorithm::state() const {
  std::vector<tensor::NamedTensor> out;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const std::string& path = parameters_[i].name;
    out.push_back({path + ".step", steps_[i]});
    for (const auto& slot : slots_) {
      if (slot->values[i].defined()) out.push_back({path + "." + slot->name, slot->values[i]});
    }
  }
  return out;
}

}  // namespace fdl::optim
