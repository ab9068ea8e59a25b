#pragma once

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

  virtual double base_lr() const = 0;

  // optimizer.safetensors: "<path>.step" and, once there has been an update, the state under
  // PyTorch's names, "<path>.exp_avg". The values are the live ones: take a snapshot() to save
  // while training goes on.
  virtual std::vector<tensor::NamedTensor> state() const;
  // Errors: those of tensor::load_tensors_into; nothing has changed then.
  virtual Result<void> load(const std::filesystem::path& path);
};

// The optimizer of a manifest over these parameters, which it writes to.
std::unique_ptr<Optimizer> make_optimizer(const catalog::Choice& choice,
                                          const std::vector<tensor::NamedTensor>& parameters);

}  // namespace fdl::optim
