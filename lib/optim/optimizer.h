#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/catalog/entry_spec.h"
#include "lib/optim/schedule.h"
#include "lib/tensor/flat_buffer.h"
#include "lib/tensor/tensor_file.h"

// The computing half of lib/catalog/optimizers: PyTorch's updates through its fused kernels, with
// the state in flat buffers.
namespace fdl::optim {

class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // One update of all parameters. `gradients` are in the order of the parameters; an undefined one
  // (a parameter that the loss does not depend on) leaves that parameter and its state alone.
  void update(const std::vector<at::Tensor>& gradients, const Rates& rates);

  // The learning rate that the manifest gives the optimizer.
  virtual double base_lr() const = 0;

  // optimizer.safetensors: for each parameter "<path>.step" and the state under PyTorch's names,
  // such as "<path>.exp_avg". The values are the live ones: take a snapshot() to save while
  // training goes on.
  std::vector<tensor::NamedTensor> state() const;
  // Errors: those of tensor::load_tensors_into; no update may happen then.
  virtual Result<void> load(const std::filesystem::path& path);

 protected:
  // Zeros in the shapes of the parameters, saved as "<path>.<name>".
  struct Slot {
    std::string name;
    tensor::FlatBuffer buffer;
  };
  // What one update works on: the parameters that have a gradient, their gradients and numbers.
  struct Work {
    std::vector<at::Tensor> parameters, gradients, steps;
    std::vector<std::size_t> indices;

    std::vector<at::Tensor> pick(const Slot& slot) const;  // their part of a slot
  };

  explicit Optimizer(std::vector<tensor::NamedTensor> parameters);
  // Keeps its place: references stay valid.
  Slot& add_slot(const std::string& name);
  // `work.steps` have been counted up already: 1 at a parameter's first update.
  virtual void apply(const Work& work, const Rates& rates) = 0;

 private:
  std::vector<tensor::NamedTensor> parameters_;
  at::Tensor step_counts_;         // f32[number of parameters], as PyTorch counts
  std::vector<at::Tensor> steps_;  // its elements
  std::vector<std::unique_ptr<Slot>> slots_;
};

// The optimizer of a manifest over these parameters, which it writes to.
std::unique_ptr<Optimizer> make_optimizer(const catalog::Choice& choice,
                                          const std::vector<tensor::NamedTensor>& parameters);

}  // namespace fdl::optim
