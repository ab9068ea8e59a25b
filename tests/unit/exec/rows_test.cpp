#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <doctest/doctest.h>

#include "lib/tensor/dtype.h"
#include "tests/unit/exec/trained.h"

// Random draws are keyed by the sample, also where a batch is taken apart.
namespace fdl::testing {
namespace {

at::Tensor run_from(const Model& model, const std::vector<at::Tensor>& inputs,
                    std::int64_t first_row) {
  nn::StepContext context;
  context.training = true;
  context.seed = 42;
  context.first_row = first_row;
  const exec::Executor executor(model.graph, model.store, {model.graph.outputs.front().value});
  const auto out = executor.run(inputs, context);
  REQUIRE(out.has_value());
  return out->front().detach();
}

// What a module makes of the samples from `first` on, all of them or one.
nn::Outputs outputs_of(const Example& example, std::int64_t first, std::int64_t count) {
  std::vector<std::string> names;
  std::vector<at::Tensor> values, inputs;
  for (const auto& spec : example.module.spec->owned(example.module.params.get())) {
    names.push_back(spec.name);
    values.push_back(random_tensor(example.module.owned().at(spec.name), values.size(), at::kDouble)
                         .to(spec.is_buffer ? tensor::scalar_type(spec.dtype) : at::kDouble));
  }
  const std::int64_t batch = example.inputs.front().size(0);
  for (const at::Tensor& x : example.inputs) {
    const bool per_sample = x.defined() && x.dim() > 0 && x.size(0) == batch;
    inputs.push_back(per_sample ? x.narrow(0, first, count) : x);
  }
  nn::StepContext context;
  context.training = true;
  context.node_path = "node";
  context.first_row = first;
  return nn::find_forward(example.module.spec->name())(example.module.params.get(), {names, values},
                                                       inputs, context);
}

}  // namespace

TEST_CASE("the catalogue says which modules couple samples") {
  for (const std::string& name : catalog::module_names()) {
    const Example example = example_of(name);
    if (example.module.spec->couples_samples || example.module.spec->updates_buffers()) continue;
    CAPTURE(name);
    const std::int64_t batch = example.inputs.front().size(0);
    const nn::Outputs all = outputs_of(example, 0, batch), last = outputs_of(example, batch - 1, 1);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].dim() == 0 || all[i].size(0) != batch) continue;
      CHECK(
          is_close(last[i].to(at::kDouble), all[i].narrow(0, batch - 1, 1).to(at::kDouble), 1e-9));
    }
  }
}

TEST_CASE("in a branch a sample's mask does not depend on who goes with it") {
  const Model model(R"(inputs: { x: "f32[64]", which: "i64[]" }
flow:
  - switch:
      selector: [{ from: which }]
      branches:
        - [dropout]
        - - switch: { selector: [{ from: which }], branches: [[tanh], [dropout, dropout: 0.1]] }
)");
  const at::Tensor x = at::ones({6, 64});
  const auto of = [&](std::vector<std::int64_t> which) {
    return run_from(model, {x, at::tensor(which)}, 0);
  };
  const at::Tensor all = of({1, 1, 1, 1, 1, 1}), some = of({0, 1, 0, 0, 1, 1});
  for (const std::int64_t row : {1, 4, 5}) CHECK(is_same(all[row], some[row]));
  CHECK(!is_same(all[1], all[4]));
  const at::Tensor none = of({0, 0, 0, 0, 0, 0});
  for (const std::int64_t row : {0, 2, 3}) CHECK(is_same(none[row], some[row]));
}

TEST_CASE("in a map a sample's masks do not depend on its batch") {
  const Model model(R"(inputs: { x: "f32[3, 64]", which: "i64[]" }
flow:
  - map: { each: true, body: [dropout] }
  - map: { slices: 4, body: [dropout: 0.2] }
  - switch:
      selector: [{ from: which }]
      branches: [[{ map: { each: true, body: [dropout] } }], [dropout: 0.1]]
)");
  const at::Tensor x = at::ones({6, 3, 64}),
                   which = at::tensor(std::vector<std::int64_t>{0, 1, 0, 0, 1, 0});
  const at::Tensor whole = run_from(model, {x, which}, 0);
  const at::Tensor parts = at::cat({run_from(model, {x.slice(0, 0, 2), which.slice(0, 0, 2)}, 0),
                                    run_from(model, {x.slice(0, 2, 6), which.slice(0, 2, 6)}, 2)});
  CHECK(is_same(whole, parts));
  CHECK(!is_same(whole[0], whole[2]));
}

}  // namespace fdl::testing
