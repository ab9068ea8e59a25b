#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "lib/base/check.h"
#include "lib/cuda/backend.h"
#include "lib/cuda/updates.h"
#include "lib/optim/algorithm.h"

namespace fdl::optim {

// What the state of a rule is called, in its order.
struct StateNames {
  struct One {
    const char* name;
    double initial = 0;
  };
  std::vector<One> slots = {}, numbers = {};
};

// The algorithm of a rule in lib/cuda/updates: in a loop on the CPU, by kernels on a GPU.
template <typename Rule>
class Elementwise final : public Algorithm {
 public:
  Elementwise(const Rule& rule, double lr, bool maximize, const StateNames& names,
              const std::vector<tensor::NamedTensor>& parameters)
      : Algorithm(parameters, maximize), rule_(rule), lr_(lr) {
    FDL_CHECK(names.slots.size() == Rule::kSlots && names.numbers.size() == Rule::kNumbers);
    for (const auto& [name, initial] : names.slots) slots_.push_back(&add_slot(name, initial));
    for (const auto& [name, initial] : names.numbers)
      numbers_.push_back(&add_numbers(name, initial));
  }

  double base_lr() const override { return lr_; }

 private:
  void apply(const Work& work, const Rates& rates) override {
    Rule rule = rule_;
    if constexpr (requires { rule.momentum; })
      rule.momentum = rates.momentum.value_or(rule.momentum);
    if (!is_on_gpu())
      return apply_here(work, rule, rates.lr, std::make_index_sequence<Rule::kSlots>());
    cuda::UpdateTask task = {};
    task.lr = static_cast<float>(rates.lr);
    give(task, work, rule);
  }

  void apply_recorded(const Work& work, const Recorded& by) override {
    cuda::UpdateTask task = {};
    task.lr_on_device = by.lr.const_data_ptr<float>();
    task.skips = by.skips.const_data_ptr<float>();
    give(task, work, rule_);
  }

  void give(cuda::UpdateTask& task, const Work& work, const Rule& rule) const {
    std::vector<cuda::UpdatePlace> places;
    for (std::size_t k = 0; k < work.indices.size(); ++k) {
      cuda::UpdatePlace& place = places.emplace_back();
      place.parameter = work.parameters[k].mutable_data_ptr<float>();
      place.gradient = work.gradients[k].const_data_ptr<float>();
      place.step = work.gpu_steps[k].const_data_ptr<float>();
      place.num_elements = work.parameters[k].numel();
      places_of(slots_, work.indices[k], place.slots);
      places_of(numbers_, work.indices[k], place.numbers);
    }
    task.kind = cuda::kKindOf<Rule>;
    task.rule = std::as_bytes(std::span(&rule, 1));
    task.places = places;
    cuda::backend().update(task);
  }

  static void places_of(const std::vector<const Slot*>& state, std::size_t i, float** out) {
    for (const Slot* one : state) *out++ = one->values[i].template mutable_data_ptr<float>();
  }

  template <std::size_t... kIndices>
  void apply_here(const Work& work, const Rule& rule, double lr,
                  std::index_sequence<kIndices...> /*slots*/) const {
    constexpr std::int64_t kGrain = 1 << 15;
    for (std::size_t k = 0; k < work.indices.size(); ++k) {
      const std::size_t i = work.indices[k];
      float* numbers[cuda::UpdatePlace::kMostNumbers];
      places_of(numbers_, i, numbers);
      const auto prepared = rule.prepare(lr, work.step(k), numbers);
      const auto run = [&](float* parameter, const float* gradient, auto* __restrict... state) {
        at::parallel_for(0, work.parameters[k].numel(), kGrain,
                         [&](std::int64_t begin, std::int64_t end) {
                           const auto update = prepared;  // which no element can be part of
                           for (std::int64_t at = begin; at < end; ++at)
                             update(parameter[at], gradient[at], state[at]...);
                         });
      };
      run(work.parameters[k].template mutable_data_ptr<float>(),
          work.gradients[k].template const_data_ptr<float>(),
          slots_[kIndices]->values[i].template mutable_data_ptr<float>()...);
    }
  }

  Rule rule_;
  double lr_;
  std::vector<const Slot*> slots_, numbers_;
};

// With the rate and direction that an entry of the catalogue has.
template <typename Rule, typename Params>
std::unique_ptr<Optimizer> make_elementwise(const Rule& rule, const Params& params,
                                            const StateNames& names,
                                            const std::vector<tensor::NamedTensor>& parameters) {
  return std::make_unique<Elementwise<Rule>>(rule, params.lr, params.maximize, names, parameters);
}

}  // namespace fdl::optim
