#pragma once

#include <torch/csrc/autograd/function.h>

namespace fdl::nn {

// A node in libtorch's record of gradients that computes them without libtorch: where a record is
// made of such nodes alone, one behind the other, no engine has to sort it.
class DirectNode : public torch::autograd::Node {
 public:
  // Of its outputs the gradients of its inputs; undefined for those that nobody wants. Recording is
  // off.
  virtual torch::autograd::variable_list backward(torch::autograd::variable_list&& gradients) = 0;

 private:
  torch::autograd::variable_list apply(torch::autograd::variable_list&& gradients) final {
    return backward(std::move(gradients));
  }
};

}  // namespace fdl::nn
