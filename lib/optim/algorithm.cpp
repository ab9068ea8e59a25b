#include "lib/optim/algorithm.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
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
  if (!parameters_.empty()) device_ = parameters_.front().value.device();
  step_counts_ = at::zeros({static_cast<std::int64_t>(parameters_.size())}, at::kFloat);
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    steps_.push_back(step_counts_.select(0, static_cast<std::int64_t>(i)));
  if (!is_on_gpu()) return;
  gpu_counts_ = step_counts_.to(device_);
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    gpu_steps_.push_back(gpu_counts_.select(0, static_cast<std::int64_t>(i)));
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
  auto slot = std::make_unique<Slot>(Slot{name, tensor::FlatBuffer(present, device_), {}});
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

Algorithm::Work Algorithm::work_on(const std::vector<at::Tensor>& gradients) const {
  FDL_CHECK(gradients.size() == parameters_.size());
  Work work;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined()) continue;
    work.indices.push_back(i);
    work.parameters.push_back(parameters_[i].value);
    work.steps.push_back(steps_[i]);
    if (is_on_gpu()) work.gpu_steps.push_back(gpu_steps_[i]);
    // Updates walk over raw memory and do not look at strides.
    const at::Tensor gradient = gradients[i].contiguous();
    work.gradients.push_back(maximize_ ? gradient.neg() : gradient);
  }
  return work;
}

void Algorithm::update(const std::vector<at::Tensor>& gradients, const Rates& rates) {
  const at::NoGradGuard no_grad;
  const Work work = work_on(gradients);
  auto* counts = step_counts_.mutable_data_ptr<float>();
  for (const std::size_t i : work.indices) counts[i] += 1;
  if (is_on_gpu()) gpu_counts_.copy_(step_counts_);
  if (work.indices.empty()) return;
  Rates own = rates;
  if (is_on_gpu()) own.lr = static_cast<float>(own.lr);  // as a recorded step has it: the same bits
  apply(work, own);
}

bool Algorithm::record(const std::vector<at::Tensor>& gradients, const Recorded& by) {
  if (!is_on_gpu()) return false;
  const at::NoGradGuard no_grad;
  const Work work = work_on(gradients);
  // The first update of a parameter may be another one than those after it.
  for (std::size_t k = 0; k < work.indices.size(); ++k) {
    if (work.step(k) < 1) return false;
  }
  recorded_ = work.indices;
  if (work.indices.empty()) return true;
  if (work.indices.size() == parameters_.size())
    gpu_counts_.add_(by.counts);
  else
    at::_foreach_add_(work.gpu_steps, by.counts);
  apply_recorded(work, by);
  return true;
}

void Algorithm::count_recorded() {
  auto* counts = step_counts_.mutable_data_ptr<float>();
  for (const std::size_t i : recorded_) counts[i] += 1;
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
