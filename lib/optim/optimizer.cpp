#include "lib/optim/optimizer.h"

#include <string_view>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include "lib/base/check.h"
#include "lib/optim/declarations.h"

namespace fdl::optim {
namespace {

struct Row {
  std::string_view name;
  decltype(&make_optimizer) make;
};

constexpr Row kOptimizers[] = {
#define FDL_OPTIMIZER(name) {#name, optimizer_##name},
#include "lib/catalog/optimizers.inc"
#undef FDL_OPTIMIZER
};

}  // namespace

std::vector<at::Tensor> Optimizer::Work::pick(const Slot& slot) const {
  std::vector<at::Tensor> out;
  out.reserve(indices.size());
  for (const std::size_t i : indices) out.push_back(slot.buffer.views()[i]);
  return out;
}

Optimizer::Optimizer(std::vector<tensor::NamedTensor> parameters)
    : parameters_(std::move(parameters)) {
  step_counts_ = at::zeros({static_cast<std::int64_t>(parameters_.size())}, at::kFloat);
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    steps_.push_back(step_counts_.select(0, static_cast<std::int64_t>(i)));
}

Optimizer::Slot& Optimizer::add_slot(const std::string& name) {
  std::vector<tensor::Sizes> shapes;
  for (const auto& parameter : parameters_) shapes.push_back(parameter.value.sizes().vec());
  slots_.push_back(std::make_unique<Slot>(Slot{name, tensor::FlatBuffer(shapes)}));
  return *slots_.back();
}

void Optimizer::update(const std::vector<at::Tensor>& gradients, const Rates& rates) {
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
    // The fused kernels walk over raw memory and do not look at strides.
    work.gradients.push_back(gradients[i].contiguous());
  }
  if (!work.indices.empty()) apply(work, rates);
}

std::vector<tensor::NamedTensor> Optimizer::state() const {
  std::vector<tensor::NamedTensor> out;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const std::string& path = parameters_[i].name;
    out.push_back({path + ".step", steps_[i]});
    for (const auto& slot : slots_)
      out.push_back({path + "." + slot->name, slot->buffer.views()[i]});
  }
  return out;
}

Result<void> Optimizer::load(const std::filesystem::path& path) {
  return tensor::load_tensors_into(path, state());
}

std::unique_ptr<Optimizer> make_optimizer(const catalog::Choice& choice,
                                          const std::vector<tensor::NamedTensor>& parameters) {
  for (const Row& row : kOptimizers) {
    if (row.name == choice.name()) return row.make(choice, parameters);
  }
  FDL_CHECK(!"an optimizer that the catalogue does not have");
  return nullptr;
}

}  // namespace fdl::optim
