#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/nn/step_context.h"

// The computing half of lib/catalog/modules: for each module a pure function that owns nothing.
namespace fdl::nn {

// The tensors that a node owns, by name.
class Tensors {
 public:
  Tensors() = default;
  // Of equal length. Names are those of the module's TensorSpecs: "weight", "running_mean".
  Tensors(std::vector<std::string> names, std::vector<at::Tensor> values);

  // An undefined tensor when the node owns none of that name.
  const at::Tensor& operator[](std::string_view name) const;
  // These, and one more, or another in its place.
  Tensors with(std::string name, at::Tensor value) const;

  const std::vector<at::Tensor>& values() const { return values_; }
  // The same names with what `of` makes of each tensor.
  template <typename Of>
  Tensors map(Of of) const {
    Tensors out = *this;
    for (at::Tensor& value : out.values_) value = of(value);
    return out;
  }

 private:
  std::vector<std::string> names_;
  std::vector<at::Tensor> values_;
};

using Outputs = std::vector<at::Tensor>;

// Computes a module's outputs in PyTorch's meaning. `params` is the module's params struct with
// everything inferred; tensors carry their batch axis first. An optional input that is not given is
// undefined. Throws what libtorch throws; the executor turns that into a Diagnostic.
using Forward = std::function<Outputs(const void* params, const Tensors& own,
                                      const std::vector<at::Tensor>& inputs, StepContext&)>;

// A forward from a function of one input: at::Tensor relu(const ReluParams&, const Tensors& own,
// const at::Tensor& x, StepContext&).
template <typename P>
Forward forward_of(at::Tensor (*function)(const P&, const Tensors&, const at::Tensor&,
                                          StepContext&)) {
  return [function](const void* params, const Tensors& own, const std::vector<at::Tensor>& inputs,
                    StepContext& context) {
    return Outputs{function(*static_cast<const P*>(params), own, inputs.front(), context)};
  };
}

// Likewise of a function of libtorch that has no parameters: at::exp.
inline Forward forward_of(at::Tensor (*function)(const at::Tensor&)) {
  return [function](const void*, const Tensors&, const std::vector<at::Tensor>& inputs,
                    StepContext&) { return Outputs{function(inputs.front())}; };
}

// Likewise of several inputs, with one output or several.
template <typename P, typename Result>
Forward forward_of(Result (*function)(const P&, const Tensors&, const std::vector<at::Tensor>&,
                                      StepContext&)) {
  return [function](const void* params, const Tensors& own, const std::vector<at::Tensor>& inputs,
                    StepContext& context) {
    return Outputs{function(*static_cast<const P*>(params), own, inputs, context)};
  };
}

// Computes a tensor from what its parametrization keeps instead, the names being those of
// OriginalTensor. In training it may update buffers.
using Parametrized = at::Tensor (*)(const void* params, const Tensors& originals, bool training);

// That of an entry of the catalogue.
Parametrized find_parametrization(std::string_view name);

// The forward of a module of the catalogue. Each has one, or the program does not link.
Forward find_forward(std::string_view module_name);

}  // namespace fdl::nn
