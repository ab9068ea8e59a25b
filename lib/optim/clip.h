#pragma once

#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/job/rules.h"
#include "lib/tensor/tensor_file.h"

namespace fdl::optim {

// Bounds gradients by the rules of a job, each over the parameters that it names.
// As torch.nn.utils.clip_grad_value_ and clip_grad_norm_: above the largest norm, gradients are
// multiplied by norm / (their norm + 1e-6).
class Clip {
 public:
  Clip(const std::vector<job::ClipRule>& rules, const std::vector<tensor::NamedTensor>& parameters);

  bool is_empty() const { return rules_.empty(); }

  // `gradients` are in the order of the parameters; undefined ones stay so. The tensors are not
  // written to: they may be one another's views. Gives the norm, before it is bounded, by the first
  // rule that bounds one.
  std::optional<double> apply(std::vector<at::Tensor>& gradients) const;
  // The same without waiting for a GPU that has them: the norm stays there, a scalar. Undefined
  // where no rule bounds one.
  at::Tensor apply_on_gpu(std::vector<at::Tensor>& gradients) const;

 private:
  template <typename BoundNorm>
  void apply_rules(std::vector<at::Tensor>& gradients, BoundNorm bound_norm) const;

  struct Rule {
    job::ClipRule bounds;
    std::vector<std::size_t> indices;  // of its parameters
  };
  std::vector<Rule> rules_;
};

// The p-norm of all elements together, in double; infinity gives the largest absolute value. Not
// finite where an element is not. 0 of no tensors; undefined ones are left out.
double norm_of(const std::vector<at::Tensor>& tensors, double p = 2);

}  // namespace fdl::optim
