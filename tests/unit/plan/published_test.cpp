#include <cmath>
#include <string>

#include <doctest/doctest.h>

#include "lib/config/layers.h"
#include "lib/graph/build.h"
#include "lib/job/job.h"
#include "lib/plan/plan.h"

// Operations that others have published, of models of the zoo and one sample.
namespace fdl::plan {
namespace {

graph::Graph zoo_model(const std::string& name, std::int64_t length) {
  Diagnostics problems;
  const std::string folder = FDL_SOURCE_ROOT "/manifests/zoo";
  const auto manifest =
      config::load_manifest(folder + "/" + name + ".yml", {}, job::merge_rules(), folder, problems);
  REQUIRE(manifest.has_value());
  auto graph = graph::build_graph(*manifest, {}, problems);
  REQUIRE(graph.has_value());
  for (const std::string& axis : graph->named_axes()) graph->assumed_sizes[axis] = length;
  return *std::move(graph);
}

// Those of the nodes with weights.
double products(const Plan& plan) {
  double out = 0;
  for (const NodeCost& node : plan.nodes) {
    if (node.kind == "conv2d" || node.kind == "linear" || node.kind == "multihead_attention")
      out += static_cast<double>(node.forward_flops);
  }
  return out;
}

}  // namespace

// torchvision 0.26 gives in the metadata of its weights (`_ops`, "GFLOPS" in its table of models)
// the multiply-adds of convolutions and linear layers, each as one operation: here each is two.
TEST_CASE("operations of the zoo's image models are those that torchvision publishes") {
  struct Published {
    const char* name;
    double giga_multiply_adds, rounding;  // half of its last digit
  };
  for (const Published& one :
       {Published{"resnet18", 1.814, 5e-4}, Published{"resnet50", 4.089, 5e-4},
        Published{"vgg16", 15.47, 5e-3}, Published{"mobilenet_v2", 0.301, 5e-4}}) {
    CAPTURE(one.name);
    const Plan plan = make_plan(zoo_model(one.name, 1), {1, 0, {}});
    const double published = 2e9 * one.giga_multiply_adds;
    CHECK(std::abs(products(plan) / 2e9 - one.giga_multiply_adds) <= one.rounding);
    // Normalisation, activations and poolings come on top: little, but for filters of one channel.
    const double most = std::string(one.name) == "mobilenet_v2" ? 1.10 : 1.02;
    CHECK(static_cast<double>(plan.forward_flops) >= products(plan));
    CHECK(static_cast<double>(plan.forward_flops) <= most * published);
  }
}

// nanoGPT's transformer_sizing.ipynb counts the matrix products of GPT-2 small over 1024 tokens,
// two operations for each multiply-add: 291,648,307,200. The softmax of the scores comes on top
// here.
TEST_CASE("operations of GPT-2 small are those that nanoGPT publishes") {
  const Plan plan = make_plan(zoo_model("gpt2", 1024), {1, 0, {}});
  CHECK(products(plan) == doctest::Approx(291'648'307'200.0).epsilon(5e-3));
  CHECK(static_cast<double>(plan.forward_flops) <= 1.01 * 291'648'307'200.0);
}

}  // namespace fdl::plan
