#include "lib/train/node_work.h"

#include <doctest/doctest.h>

#include "lib/plan/plan.h"
#include "tests/unit/graph/model_text.h"

namespace fdl {

using testing::graph_of;

TEST_CASE("a node's work is that of one call: of a loop's body one turn's") {
  const job::Job job;
  const auto once = train::work_of_nodes(graph_of("[linear: 8]"), job, 4),
             looped = train::work_of_nodes(
                 graph_of("[loop: {times: 3, body: [{linear: 8, freeze: true}]}]"), job, 4);
  CHECK(once.at("linear_0").flops == 2 * 2 * 4 * 8 * 8);  // no gradient of the model's input
  CHECK(once.at("linear_0").moved_bytes > 0);
  REQUIRE(looped.size() == 2);
  for (const auto& [path, work] : looped)
    CHECK(work.flops == (path.ends_with("linear_0") ? 1 : 3) * 2 * 4 * 8 * 8);
}

TEST_CASE("named axes are as long as the training data has them") {
  Diagnostics problems;
  const auto graph =
      testing::build("model: {inputs: {x: \"f32[T, 8]\"}, flow: [linear: 4]}", problems);
  REQUIRE(problems.empty());
  job::Job job;
  CHECK(train::work_of_nodes(*graph, job, 2).at("linear_0").flops == 0);
  job.axis_sizes["T"] = 6;
  CHECK(train::work_of_nodes(*graph, job, 2).at("linear_0").flops == 2 * 2 * 6 * 4 * 2 * 8);
}

TEST_CASE("an expert's work is that of the samples that are dealt to it, a gate's that of all") {
  const auto work_of = [](const std::string& top_k) {
    const std::string gate =
        "[gate: {router: [linear: 4, softmax], top_k: " + top_k +
        ", experts: {copies: 4, flow: [linear: 1024, {linear: 8, name: last}]}}]";
    return train::work_of_nodes(graph_of(gate), job::Job(), 4);
  };
  const auto all = work_of("4"), some = work_of("1");
  const double of_expert = 3 * 2 * 4 * 1024 * 8;
  int num_experts = 0;
  for (const auto& [path, work] : all) {
    if (!path.ends_with("last")) continue;
    ++num_experts;
    CHECK(work.flops == of_expert);
    CHECK(some.at(path).flops == of_expert / 4);
  }
  CHECK(num_experts == 4);
}

}  // namespace fdl
