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
        out.indices.push_back(indices[k]);
      }
      return out;
    }
  };
  using Shape = std::optional<tensor::Sizes>;  // empty: none for that parameter

  // Where apply() works: where its parameters are; or on the CPU alone, to which those on a GPU
  // are brought and back, a slow way that every algorithm has.
  enum class Place { OfParameters, Cpu };

  // `maximize`: gradients are turned round before all else.
  Algorithm(std::vector<tensor::NamedTensor> parameters, bool maximize, Place place = Place::Cpu);

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
  // when it runs. False where there is none.
  virtual bool apply_recorded(const Work& /*work*/, const Recorded& /*by*/) { return false; }

 private:
  Work work_on(const std::vector<at::Tensor>& gradients) const;

  std::vector<tensor::NamedTensor> parameters_;
  bool maximize_ = false;
  at::Tensor step_counts_;         // f32[number of parameters], as PyTorch counts
  std::vector<at::Tensor> steps_;  // its elements
  at::Device device_ = at::kCPU;   // where apply() works
  at::Tensor gpu_counts_;          // step_counts_ there, where it is a GPU
  std::vector<at::Tensor> gpu_steps_;
  std::vector<std::size_t> recorded_;  // parameters of the update that was recorded last
  std::vector<std::unique_ptr<Slot>> slots_;

 protected:
  // One pass over the elements of each parameter, without tensors between. `prepare(k)` gives the
  // update of the k-th: (float& parameter, float gradient, float& of each slot).
  template <typename Prepare, typename... Slots>
  static void for_each_element(const Work& work, Prepare prepare, const Slots&... slots) {
    constexpr std::int64_t kGrain = 1 << 15;
    for (std::size_t k = 0; k < work.indices.size(); ++k) {
      const std::size_t i = work.indices[k];
      const auto update = prepare(k);
      const auto run = [&](float* parameter, const float* gradient, auto* __restrict... state) {
        at::parallel_for(0, work.parameters[k].numel(), kGrain,
                         [&](std::int64_t begin, std::int64_t end) {
                           for (std::int64_t at = begin; at < end; ++at)
                             update(parameter[at], gradient[at], state[at]...);
                         });
      };
      run(work.parameters[k].template mutable_data_ptr<float>(),
          work.gradients[k].template const_data_ptr<float>(),
          slots.values[i].template mutable_data_ptr<float>()...);
    }
  }

  // Likewise by `update(prepared, count, parameter, gradient, slots...)` over longer stretches:
  // tensors that lie one behind the other in all of them, and have had as many updates, are one.
  // What lies between tensors is 0 in all and must stay so.
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

// `lerp` as libtorch computes it: from `a` towards `b`.
inline float towards(float a, float b, float share) {
  return share < 0.5F ? a + share * (b - a) : b - (b - a) * (1 - share);
}

}  // namespace fdl::optim
