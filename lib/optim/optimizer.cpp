#include "lib/optim/optimizer.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "lib/base/check.h"
#include "lib/format/safetensors.h"
#include "lib/optim/declarations.h"

namespace fdl::optim {
namespace {

struct Row {
  std::string_view name;
  std::unique_ptr<Optimizer> (*make)(const catalog::Choice& choice,
                                     const std::vector<tensor::NamedTensor>& parameters);
};

constexpr Row kOptimizers[] = {
#define FDL_OPTIMIZER(name) {#name, optimizer_##name},
#include "lib/catalog/optimizers.inc"
#undef FDL_OPTIMIZER
};

// One optimizer for each group.
class Grouped final : public Optimizer {
 public:
  Grouped(const std::vector<job::ParameterGroup>& groups,
          const std::vector<tensor::NamedTensor>& parameters)
      : is_on_gpu_(!parameters.empty() && !parameters.front().value.device().is_cpu()) {
    std::map<std::string, std::size_t> index;
    for (std::size_t i = 0; i < parameters.size(); ++i) index[parameters[i].name] = i;
    for (const job::ParameterGroup& group : groups) {
      Part& part = parts_.emplace_back();
      std::vector<tensor::NamedTensor> own;
      for (const std::string& path : group.paths) {
        part.indices.push_back(index.at(path));
        own.push_back(parameters[part.indices.back()]);
      }
      part.optimizer = make_optimizer(group.optimizer, own);
    }
  }

  void update(const std::vector<at::Tensor>& gradients, const Rates& rates) override {
    const double base = base_lr();
    // As a recorded step has it: the same bits.
    const double lr = is_on_gpu_ ? static_cast<float>(rates.lr) : rates.lr;
    for (const Part& part : parts_) {
      std::vector<at::Tensor> own;
      for (const std::size_t i : part.indices) own.push_back(gradients[i]);
      Rates scaled = rates;
      if (base > 0 && part.optimizer->base_lr() != base)
        scaled.lr = lr * (part.optimizer->base_lr() / base);
      part.optimizer->update(own, scaled);
    }
  }

  bool record(const std::vector<at::Tensor>& gradients, const Recorded& by) override {
    const double base = base_lr();
    for (const Part& part : parts_) {
      std::vector<at::Tensor> own;
      for (const std::size_t i : part.indices) own.push_back(gradients[i]);
      const double own_lr = part.optimizer->base_lr();
      const bool is_scaled = base > 0 && own_lr != base;
      const auto scaled = [&] { return by.lr.to(at::kDouble).mul(own_lr / base).to(at::kFloat); };
      if (!part.optimizer->record(own, {is_scaled ? scaled() : by.lr, by.skips, by.counts}))
        return false;
    }
    return true;
  }

  void count_recorded() override {
    for (const Part& part : parts_) part.optimizer->count_recorded();
  }

  double base_lr() const override {
    double largest = 0;
    for (const Part& part : parts_) largest = std::max(largest, part.optimizer->base_lr());
    const double first = parts_.front().optimizer->base_lr();
    return first > 0 ? first : largest;
  }

  std::vector<tensor::NamedTensor> state() const override {
    std::vector<tensor::NamedTensor> out;
    for (const Part& part : parts_) {
      for (tensor::NamedTensor& t : part.optimizer->state()) out.push_back(std::move(t));
    }
    return out;
  }

  void expect(const std::vector<std::string>& names) override {
    for (const Part& part : parts_) part.optimizer->expect(names);
  }

  void set_fuses(bool fuses) override {
    for (const Part& part : parts_) part.optimizer->set_fuses(fuses);
  }

 private:
  struct Part {
    std::unique_ptr<Optimizer> optimizer;
    std::vector<std::size_t> indices;  // of its parameters
  };
  std::vector<Part> parts_;
  bool is_on_gpu_;
};

}  // namespace

Result<void> Optimizer::load(const std::filesystem::path& path) {
  const auto header = format::read_safetensors_header(path);
  if (!header) return fail(header.error());
  std::vector<std::string> names;
  for (const auto& entry : header->entries) names.push_back(entry.name);
  expect(names);
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

std::unique_ptr<Optimizer> make_optimizer(const std::vector<job::ParameterGroup>& groups,
                                          const std::vector<tensor::NamedTensor>& parameters,
                                          bool fuses) {
  FDL_CHECK(!groups.empty());
  std::unique_ptr<Optimizer> out = groups.size() == 1
                                       ? make_optimizer(groups.front().optimizer, parameters)
                                       : std::make_unique<Grouped>(groups, parameters);
  out->set_fuses(fuses);
  return out;
}

}  // namespace fdl::optim
