#pragma once

#include <map>
#include <string>
#include <vector>

#include <ATen/ops/randn.h>

#include "tests/unit/engine/model.h"

namespace fdl::testing {

// One training pass of a model: what it gives, the gradients by path of a sum over it weighted by
// fixed random numbers, and what became of its buffers.
struct Trained {
  at::Tensor output;
  std::map<std::string, at::Tensor> gradients;
  std::map<std::string, at::Tensor> buffers;
};

inline Trained train_once(const Model& model, const std::vector<at::Tensor>& inputs,
                          const std::vector<graph::ValueId>& more_wanted = {},
                          catalog::Passes passes = catalog::Passes::none()) {
  nn::StepContext context;
  context.training = true;
  context.seed = 42;
  std::vector<graph::ValueId> wanted = {model.graph.outputs.front().value};
  wanted.insert(wanted.end(), more_wanted.begin(), more_wanted.end());
  const exec::Executor executor(model.graph, model.store, wanted, passes);
  auto made = executor.run(inputs, context);
  INFO((made ? "" : made.error().message));
  REQUIRE(made.has_value());
  Trained out;
  out.output = made->front().detach();
  const at::Tensor weights = random_tensor(out.output.sizes().vec(), 77).to(out.output.device());
  const auto found =
      exec::gradients(made->front().to(at::kFloat).mul(weights).sum(), model.store.parameters());
  INFO((found ? "" : found.error().message));
  REQUIRE(found.has_value());
  for (std::size_t i = 0; i < found->size(); ++i)
    out.gradients[model.store.parameters()[i].name] = (*found)[i];
  for (const auto& tensor : model.store.tensors()) {
    if (!tensor.value.requires_grad()) out.buffers[tensor.name] = tensor.value.clone();
  }
  return out;
}

// Whether both have a gradient under the same paths, and those agree.
inline bool agree(const std::map<std::string, at::Tensor>& a,
                  const std::map<std::string, at::Tensor>& b, double tolerance) {
  for (const auto& [path, tensor] : a) {
    const at::Tensor& other = b.at(path);
    if (tensor.defined() != other.defined()) return false;
    if (!tensor.defined()) continue;
    if (tolerance == 0 ? !is_same(tensor, other) : !is_close(tensor, other, tolerance))
      return false;
  }
  return a.size() == b.size();
}

// The text with every occurrence of a word replaced.
inline std::string with(std::string text, const std::string& word, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += by.size())
    text.replace(at, word.size(), by);
  return text;
}

}  // namespace fdl::testing
