#pragma once

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "lib/exec/executor.h"
#include "tests/unit/engine/support.h"

namespace fdl::testing {

// A model of a few lines of YAML with its tensors, ready to run.
struct Model {
  explicit Model(const std::string& text) : graph(build(text)), store(graph, 42) {}

  at::Tensor run(const std::vector<at::Tensor>& inputs, bool training = false) const {
    return run_all(inputs, training).front();
  }
  // All outputs, in the manifest's order.
  std::vector<at::Tensor> run_all(const std::vector<at::Tensor>& inputs,
                                  bool training = false) const {
    nn::StepContext context;
    context.training = training;
    context.seed = 42;
    std::vector<graph::ValueId> wanted;
    for (const graph::NamedValue& output : graph.outputs) wanted.push_back(output.value);
    const exec::Executor executor(graph, store, std::move(wanted), {.chains = false});
    auto out = executor.run(inputs, context);
    INFO((out ? "" : out.error().message));
    REQUIRE(out.has_value());
    return *std::move(out);
  }
  at::Tensor operator[](const std::string& path) const {
    for (const auto& t : store.tensors()) {
      if (t.name == path) return t.value.detach();
    }
    FAIL(("no tensor " + path));
    return {};
  }

  graph::Graph graph;
  tensor::TensorStore store;
};

}  // namespace fdl::testing
