#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include "lib/optim/optimizer.h"
#include "lib/tensor/flat_buffer.h"

namespace fdl::optim {

// What the algorithms have in common: counted steps, and state in flat buffers.
class Algorithm : public Optimizer {
 public:
  void update(const std::vector<at::Tensor>& gradients, const Rates& rates) final;
  bool record(const std::vector<at::Tensor>& gradients, const Recorded& by) final;
  void count_recorded() final;
  std::vector<tensor::NamedTensor> state() const final;

 protected:
  // State beside the parameters, saved as "<path>.<name>".
  struct Slot {
    std::string name;
    tensor::FlatBuffer buffer;
    std::vector<at::Tensor> values;  // one for each parameter; undefined where it has none
  };
  // What one update works on: the parameters that have a gradient, their gradients and numbers.
  struct Work {
    std::vector<at::Tensor> parameters, gradients, steps;
    std::vector<at::Tensor> gpu_steps;  // the same on the GPU, where the update runs there
    std::vector<std::size_t> indices;

    std::vector<at::Tensor> pick(const Slot& slot) const;  // their part of a slot
    // The k-th one's number of updates with this one: 1 at its first.
    double step(std::size_t k) const { return *steps[k].const_data_ptr<float>(); }
    // Those for which `take(k)` holds.
    template <typename F>
    Work where(F take) const {
      Work out;
      for (std::size_t k = 0; k < indices.size(); ++k) {
        if (!take(k)) continue;
        out.parameters.push_back(parameters[k]);
        out.gradients.push_back(gradients[k]);
        out.steps.push_back(steps[k]);
        if (!gpu_steps.empty()) out.gpu_steps.push_back(gpu_steps[k]);
        out.indices.push_back(indices[k]);
      }
      return out;
    }
  };
  using Shape = std::optional<tensor::Sizes>;  // empty: none for that parameter

  // `maximize`: gradients are turned round before all else.
  Algorithm(std::vector<tensor::NamedTensor> parameters, bool maximize);

  bool is_on_gpu() const { return !device_.is_cpu(); }

  // Slots keep their places: references stay valid. In the shapes of the parameters:
  Slot& add_slot(const std::string& name, double initial = 0);
  // One number for each parameter.
  Slot& add_numbers(const std::string& name, double initial = 0);
  Slot& add_slot(const std::string& name, const std::vector<Shape>& shapes, double initial = 0);
  const std::vector<tensor::NamedTensor>& parameters() const { return parameters_; }

  // `work.steps` have been counted up already.
  virtual void apply(const Work& work, const Rates& rates) = 0;
  // The same of a recorded step: on the GPU, after the first one. `work.gpu_steps` count up
  // when it runs.
  virtual void apply_recorded(const Work& work, const Recorded& by) = 0;

 private:
  Work work_on(const std::vector<at::Tensor>& gradients) const;

  std::vector<tensor::NamedTensor> parameters_;
  bool maximize_ = false;
  at::Tensor step_counts_;         // f32[number of parameters], as PyTorch counts
  std::vector<at::Tensor> steps_;  // its elements
  at::Device device_ = at::kCPU;   // of the parameters, where apply() works
  at::Tensor gpu_counts_;          // step_counts_ there, where it is a GPU
  std::vector<at::Tensor> gpu_steps_;
  std::vector<std::size_t> recorded_;  // parameters of the update that was recorded last
  std::vector<std::unique_ptr<Slot>> slots_;

 protected:
  // One pass by `update(prepared, count, parameter, gradient, slots...)` over long stretches:
  // tensors that lie one behind the other in all of them, and have had as many updates, are one.
  // What lies between tensors is 0 in all and must stay so. `prepare(k)`: of the first of them.
  template <typename Prepare, typename Update, typename... Slots>
  static void for_each_run(const Work& work, Prepare prepare, Update update,
                           const Slots&... slots) {
    constexpr std::int64_t kGrain = 1 << 15;
    for (std::size_t k = 0; k < work.indices.size();) {
      const std::array<float*, 2 + sizeof...(Slots)> first = places_of(work, k, slots...);
      std::int64_t count = work.parameters[k].numel();
      std::size_t next = k + 1;
      for (; next < work.indices.size() && work.step(next) == work.step(k); ++next) {
        const auto places = places_of(work, next, slots...);
        const std::ptrdiff_t gap = places[0] - first[0];
        bool is_next = gap >= count && gap < count + kMostBetween;
        for (std::size_t i = 1; i < places.size(); ++i)
          is_next = is_next && places[i] - first[i] == gap;
        if (!is_next) break;
        count = gap + work.parameters[next].numel();
      }
      const auto prepared = prepare(k);
      at::parallel_for(0, count, kGrain, [&](std::int64_t begin, std::int64_t end) {
        std::apply([&](auto*... at) { update(prepared, end - begin, (at + begin)...); }, first);
      });
      k = next;
    }
  }

 private:
  static constexpr std::ptrdiff_t kMostBetween = 16;  // floats, as FlatBuffer rounds up

  template <typename... Slots>
  static std::array<float*, 2 + sizeof...(Slots)> places_of(const Work& work, std::size_t k,
                                                            const Slots&... slots) {
    const std::size_t i = work.indices[k];
    return {work.parameters[k].template mutable_data_ptr<float>(),
            const_cast<float*>(work.gradients[k].template const_data_ptr<float>()),
            slots.values[i].template mutable_data_ptr<float>()...};
  }
};

}  // namespace fdl::optim
