#include "commands/step_report.h"

#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "lib/catalog/channels_last.h"
#include "tests/unit/graph/model_text.h"

namespace fdl::testing {
namespace {

graph::Graph images_and_rows() {
  Diagnostics problems;
  auto built = build(R"(model:
  inputs: {x: 'f32[3, 8, 8]'}
  flow:
    - {name: c1, conv2d: {out: 8, kernel: 3, padding: 1}}
    - {name: n1, batch_norm: {}}
    - {name: r1, relu: {}}
    - {name: p1, max_pool2d: 2}
    - also: [{name: c2, conv2d: {out: 8, kernel: 3, padding: 1}}, {name: n2, batch_norm: {}}]
    - {name: r2, relu: {}}
    - flatten
    - {name: l1, linear: 8}
    - {name: r3, relu: {}}
)",
                     problems);
  INFO(to_text(problems, false));
  REQUIRE(built.has_value());
  return *std::move(built);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("explain --plan: chains, and blocks where images lie with their channels last") {
  const graph::Graph graph = images_and_rows();
  commands::StepSetup setup;
  setup.plan.batch_size = 8;
  const bool has_blocks = catalog::puts_channels_last({});
  const std::string text = steps_text(graph, setup);
  CAPTURE(text);
  CHECK(has(text, "as one: l1, r3\n  product bias relu;"));
  CHECK(has(text, "as one: n1, r1, p1\n") == has_blocks);
  CHECK(has(text, "as one: n2, also_0, r2\n") == has_blocks);
  CHECK(has(text, "\n8 of 11 steps run in 1 chain and 2 blocks (batch 8)") == has_blocks);

  const auto json = nlohmann::json::parse(steps_json(graph, setup));
  int num_chains = 0, num_blocks = 0;
  for (const auto& step : json["steps"]) {
    if (!step.contains("kernels")) continue;
    ++(step.contains("forward_bytes") ? num_chains : num_blocks);
  }
  CHECK(num_blocks == (has_blocks ? 2 : 0));
  CHECK(num_chains >= 1);

  setup.plan.passes.layout = false;
  CHECK_FALSE(has(steps_text(graph, setup), "block"));
  setup.plan.passes.chains = false;
  CHECK(has(steps_text(graph, setup), "\n0 of 11 steps run in 0 chains (batch 8)"));
}

}  // namespace fdl::testing
