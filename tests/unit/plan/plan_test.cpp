#include "lib/plan/plan.h"

#include <doctest/doctest.h>

#include "tests/unit/graph/model_text.h"

namespace fdl::plan {

using testing::graph_of;

TEST_CASE("parameters, FLOPs and bytes of one linear layer") {
  const Plan plan = make_plan(graph_of("[linear: 4]"), {16, 2, {}});
  REQUIRE(plan.nodes.size() == 1);
  CHECK(plan.nodes[0].path == "linear_0");
  CHECK(plan.nodes[0].kind == "linear");
  CHECK(plan.nodes[0].output == "f32[B, 4]");
  CHECK(plan.num_parameters == 8 * 4 + 4);
  CHECK(plan.forward_flops == 16 * 4 * 2 * 8);
  CHECK(plan.parameter_bytes == 36 * 4);
  CHECK(plan.gradient_bytes == plan.parameter_bytes);
  CHECK(plan.optimizer_bytes == 2 * plan.parameter_bytes);
  CHECK(plan.activation_bytes == 16 * (8 + 4) * 4);
}

TEST_CASE("a loop's nodes count for all their turns, its weights once") {
  const Plan once = make_plan(graph_of("[linear: 8]"), {4, 0, {}}),
             looped = make_plan(
                 graph_of("[loop: {times: 3, body: [loop: {times: 5, body: [linear: 8]}]}]"),
                 {4, 0, {}});
  CHECK(looped.forward_flops == 15 * once.forward_flops);
  CHECK(looped.num_parameters == once.num_parameters);
  CHECK(looped.nodes.size() == 3);
}

TEST_CASE("totals are the sums of the nodes, and grow with the batch in proportion") {
  const graph::Graph graph = graph_of(
      "[{linear: 8, tag: a}, also: [relu, dropout: 0.1], {split: [[linear: 8], [tanh]], merge: "
      "add}]");
  const catalog::Passes none = catalog::Passes::none();  // chains round their memory up
  const Plan one = make_plan(graph, {1, 0, {}, none}), many = make_plan(graph, {10, 0, {}, none});
  std::int64_t flops = 0, parameters = 0;
  for (const NodeCost& node : one.nodes) {
    flops += node.forward_flops;
    parameters += node.num_parameters;
  }
  CHECK(one.forward_flops == flops);
  CHECK(one.num_parameters == parameters);
  CHECK(many.forward_flops == 10 * one.forward_flops);
  CHECK(many.activation_bytes == 10 * one.activation_bytes);
}

TEST_CASE(
    "of a recomputed region only what is read after it is kept; it is there again at the peak") {
  const auto plan_of = [](const std::string& recompute) {
    return make_plan(graph_of("[{flow: [{linear: 16, tag: a}, tanh, {loop: {times: 3, "
                              "body: [sigmoid]}}, {linear: 4, tag: b}, {linear: 2}], "
                              "recompute: " +
                              recompute + "}, {linear: 2}]"),
                     {1, 0, {}});
  };
  const auto kept = [](const Plan& plan) {
    std::int64_t out = 0;
    for (const NodeCost& node : plan.nodes) out += node.activation_bytes;
    return out;
  };
  const Plan all = plan_of("false"), again = plan_of("true");
  CHECK(kept(all) == (16 + 3 * 16 + 4 + 2) * 4);
  CHECK(kept(again) == 2 * 4);
  CHECK(again.activation_bytes < all.activation_bytes);
  CHECK(again.peak_bytes > again.parameter_bytes + again.gradient_bytes + kept(again));
}

TEST_CASE("a named axis counts with its bound, and as nothing without one") {
  Diagnostics problems;
  const auto bounded =
      testing::build("model: {inputs: {x: \"f32[T<=6, 8]\"}, flow: [linear: 4]}", problems);
  const auto open =
      testing::build("model: {inputs: {x: \"f32[T, 8]\"}, flow: [linear: 4]}", problems);
  REQUIRE(problems.empty());
  CHECK(make_plan(*bounded, {2, 0, {}}).forward_flops == 2 * 6 * 4 * 2 * 8);
  CHECK(make_plan(*open, {2, 0, {}}).forward_flops == 0);
}

TEST_CASE("what is larger than any machine stays the largest number") {
  const graph::Graph graph = graph_of(
      "[loop: {times: 1000000000, body: [loop: {times: 1000000000, body: [loop: {times: "
      "1000000000, body: [linear: 8]}]}]}]");
  CHECK(make_plan(graph, {1000, 0, {}}).forward_flops == INT64_MAX);
  CHECK(graph_of("[linear: 4000000000000000000, linear: 4000000000000000000]").num_parameters() ==
        INT64_MAX);
}

TEST_CASE("the backward pass counts the gradients that training needs, and no others") {
  const graph::Graph graph = graph_of("[linear: 4, relu, {linear: 4, freeze: true}, {linear: 2}]");
  const Plan plan = make_plan(graph, {8, 0, {}});
  CHECK(plan.nodes[0].backward_flops == plan.nodes[0].forward_flops);  // none of the model's input
  CHECK(plan.nodes[2].backward_flops == plan.nodes[2].forward_flops);  // none of its own
  CHECK(plan.nodes[3].backward_flops == 2 * plan.nodes[3].forward_flops);
  CHECK(plan.gradient_bytes == 4 * (8 * 4 + 4 + 4 * 2 + 2));
  const Plan frozen =
      make_plan(graph_of("[{linear: 4, freeze: true}, relu, {linear: 2}]"), {8, 0, {}});
  CHECK(frozen.nodes[0].backward_flops == 0);
  CHECK(frozen.nodes[1].backward_flops == 0);
}

TEST_CASE("the least bytes that move: what goes in, comes out and is owned, and their gradients") {
  const Plan plan =
      make_plan(graph_of("[linear: 4, {relu: {}, tag: a}, {linear: 4}, {also: [relu]}, flatten]"),
                {8, 0, {}});
  const std::int64_t wide = 8 * 8 * 4, narrow = 8 * 4 * 4, first = (8 * 4 + 4) * 4,
                     second = (4 * 4 + 4) * 4;
  REQUIRE(plan.nodes.size() == 6);
  CHECK(plan.nodes[0].forward_bytes == wide + narrow + first);
  CHECK(plan.nodes[0].backward_bytes == narrow + wide + first);  // none of the model's input
  CHECK(plan.nodes[1].forward_bytes == 2 * narrow);
  CHECK(plan.nodes[1].backward_bytes == 2 * narrow);
  CHECK(plan.nodes[2].backward_bytes == 3 * narrow + 2 * second);
  CHECK(plan.nodes[4].forward_bytes == 3 * narrow);
  CHECK(plan.nodes[4].backward_bytes == 0);  // a sum hands its gradient on
  CHECK(plan.nodes[5].forward_bytes == 0);   // a view
}

TEST_CASE("of a table the rows that are looked up move, of a loop's node all its turns") {
  Diagnostics problems;
  const auto table = testing::build(
      "model: {inputs: {x: \"i64[6]\"}, flow: [embedding: {num: 1000, dim: 16}]}", problems);
  REQUIRE(problems.empty());
  const std::int64_t rows = 2 * 6 * 16 * 4, integers = 2 * 6 * 8;
  CHECK(make_plan(*table, {2, 0, {}}).nodes[0].forward_bytes == integers + 2 * rows);
  CHECK(make_plan(*table, {2, 0, {}}).nodes[0].backward_bytes == integers + 2 * rows);
  const Plan once = make_plan(graph_of("[linear: 8]"), {4, 0, {}}),
             looped = make_plan(graph_of("[loop: {times: 3, body: [linear: 8]}]"), {4, 0, {}});
  CHECK(once.nodes[0].num_turns == 1);
  CHECK(looped.nodes[1].num_turns == 3);
  CHECK(looped.nodes[1].forward_bytes == 3 * once.nodes[0].forward_bytes);
}

TEST_CASE(
    "what is kept: an output that its own gradient needs, an input, a mask; a view is nothing") {
  const Plan plan =
      make_plan(graph_of("[linear: 4, relu, dropout: 0.5, flatten, linear: 2]"), {8, 0, {}});
  const std::int64_t row = 8 * 4 * 4;
  CHECK(plan.nodes[0].activation_bytes == 0);  // a relu needs what it makes
  CHECK(plan.nodes[1].activation_bytes == row);
  CHECK(plan.nodes[2].activation_bytes == 2 * row);  // its mask, and what the last layer reads
  CHECK(plan.nodes[3].activation_bytes == 0);
  CHECK(plan.peak_bytes > plan.parameter_bytes + plan.gradient_bytes + plan.activation_bytes);
}

TEST_CASE("the largest batch is the last that fits") {
  const graph::Graph graph =
      graph_of("[linear: 64, relu, loop: {times: 3, body: [linear: 64, tanh]}]");
  const std::int64_t limit = 3'000'000, best = largest_batch(graph, {1, 2, {}}, limit);
  REQUIRE(best > 1);
  CHECK(make_plan(graph, {best, 2, {}}).peak_bytes <= limit);
  CHECK(make_plan(graph, {best + 1, 2, {}}).peak_bytes > limit);
  CHECK(largest_batch(graph, {1, 2, {}}, 1000) == 0);
}

}  // namespace fdl::plan
