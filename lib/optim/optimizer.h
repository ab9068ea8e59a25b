#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/catalog/entry_spec.h"
#include "lib/job/job.h"
#include "lib/optim/schedule.h"
#include "lib/tensor/tensor_file.h"

// The computing half of lib/catalog/optimizers: PyTorch's updates, with the state in flat buffers.
namespace fdl::optim {

// The loss and its gradients, in the order of the parameters, at their present values.
struct Evaluation {
  double loss = 0;
  std::vector<at::Tensor> gradients;
};
using Evaluate = std::function<Result<Evaluation>()>;

class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // One update, of which `here` is the evaluation before it. Those that look around evaluate again
  // after moving the parameters; the others do as update() does. Errors: those of `again`.
  virtual Result<void> step(const Evaluation& here, const Evaluate& /*again*/, const Rates& rates) {
    update(here.gradients, rates);
    return {};
  }

  // One update of all parameters. `gradients` are in the order of the parameters; an undefined one
  // (a parameter that the loss does not depend on) leaves that parameter and its state alone.
  virtual void update(const std::vector<at::Tensor>& gradients, const Rates& rates) = 0;

  // The learning rate that the manifest gives the optimizer, which schedules start from.
  virtual double base_lr() const = 0;

  // optimizer.safetensors: for each parameter "<path>.step" and the state under PyTorch's names,
  // such as "<path>.exp_avg". The values are the live ones: take a snapshot() to save while
  // training goes on.
  virtual std::vector<tensor::NamedTensor> state() const = 0;

  // Errors: those of tensor::load_tensors_into; no update may happen then.
  Result<void> load(const std::filesystem::path& path);

  // Told before a load which tensors the file has: state that only a schedule brings in may be made
  // ready.
  virtual void expect(const std::vector<std::string>& /*names*/) {}

  // What an update that a GPU has a recording of finds there.
  struct Recorded {
    at::Tensor lr;      // f32 scalar: the learning rate of the step
    at::Tensor skips;   // f32 scalar: 1 where nothing may be updated, else 0
    at::Tensor counts;  // f32 scalar: 0 there, else 1
  };
  // Gives the GPU the work of an update() with the optimizer's own momentum, whose learning rate
  // and whether it happens are only known when it runs. False where the optimizer has no such
  // update, or this is not the time for it.
  virtual bool record(const std::vector<at::Tensor>& /*gradients*/, const Recorded& /*by*/) {
    return false;
  }
  // After a run of what was recorded last, if it was not skipped: counts it.
  virtual void count_recorded() {}

  // Whether a kernel of our own may compute updates where there is one, which rounds otherwise than
  // libtorch's. It may until it is told.
  virtual void set_fuses(bool /*fuses*/) {}
};

// The optimizer of a manifest over these parameters, which it writes to.
std::unique_ptr<Optimizer> make_optimizer(const catalog::Choice& choice,
                                          const std::vector<tensor::NamedTensor>& parameters);

// The same with groups, which have each of the parameters once. A schedule's learning rate is that
// of the first group; those of the others keep their ratios to it. (Where the first one's is 0, the
// largest takes its place.) `fuses` as of set_fuses().
std::unique_ptr<Optimizer> make_optimizer(const std::vector<job::ParameterGroup>& groups,
                                          const std::vector<tensor::NamedTensor>& parameters,
                                          bool fuses = true);

}  // namespace fdl::optim
