#include <ATen/core/grad_mode.h>
#include <doctest/doctest.h>

#include "tests/unit/engine/support.h"

// What every module that draws random numbers promises: the draws come from the node's stream,
// sample by sample, and in training alone. Its example must be one that draws.
namespace fdl::testing {
namespace {

constexpr double kRounding = 1e-12;  // of double, in other orders of summation

struct Sample {
  Example example;
  nn::Tensors own;

  explicit Sample(const std::string& name) : example(example_of(name)) {
    std::vector<std::string> names;
    std::vector<at::Tensor> values;
    for (const auto& [tensor, shape] : example.module.owned()) {
      names.push_back(tensor);
      values.push_back(random_tensor(shape, 50 + values.size(), at::kDouble));
    }
    own = nn::Tensors(names, values);
  }

  at::Tensor run(const std::vector<at::Tensor>& inputs, nn::StepContext context) const {
    const catalog::ModuleSpec& spec = *example.module.spec;
    return nn::find_forward(spec.name())(example.module.params.get(), own, inputs, context).front();
  }
};

nn::StepContext training() {
  nn::StepContext context;
  context.training = true;
  context.seed = 42;
  context.node_path = "node";
  return context;
}

}  // namespace

TEST_CASE("each module that draws does so from its node's stream, sample by sample") {
  const at::NoGradGuard no_grad;
  for (const std::string& name : catalog::module_names()) {
    if (!catalog::find_module(name)->draws) continue;
    CAPTURE(name);
    const Sample sample(name);
    const std::vector<at::Tensor>& inputs = sample.example.inputs;
    const at::Tensor base = sample.run(inputs, training());
    CHECK(is_same(sample.run(inputs, training()), base));
    nn::StepContext other = training();
    other.step = 1;
    CHECK(!is_same(sample.run(inputs, other), base));
    // All rows but the first, computed by themselves.
    std::vector<at::Tensor> rest;
    for (const at::Tensor& input : inputs)
      rest.push_back(input.defined() ? input.slice(0, 1) : input);
    nn::StepContext later = training();
    later.first_row = 1;
    CHECK(is_close(sample.run(rest, later), base.slice(0, 1), kRounding));
  }
}

TEST_CASE("no module draws outside training") {
  const at::NoGradGuard no_grad;
  for (const std::string& name : catalog::module_names()) {
    if (!catalog::find_module(name)->draws) continue;
    CAPTURE(name);
    const Sample sample(name);
    nn::StepContext evaluation = training(), other = training();
    evaluation.training = other.training = false;
    other.step = 1;
    CHECK(is_same(sample.run(sample.example.inputs, evaluation),
                  sample.run(sample.example.inputs, other)));
  }
}

}  // namespace fdl::testing
