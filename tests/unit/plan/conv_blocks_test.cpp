#include "lib/plan/conv_blocks.h"

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/unit/graph/model_text.h"

namespace fdl::plan {
namespace {

struct Given {
  std::string input = "f32[8, 12, 12]";
  std::vector<std::string> also = {};  // values that are read after the block
  std::string precision = "f32";
  std::size_t num_behind = 0;  // nodes at the end that are not looked at
  BlockKernels kernels = BlockKernels::Gpu;
};

// The block at the end of a flow: its nodes by letter, C(onv) w(iden) N(orm) n(arrow) S(um) R(elu)
// P(ool).
std::string block_of(const std::string& flow, const Given& given = {}) {
  Diagnostics problems;
  const auto built = testing::build("model: {inputs: {x: \"" + given.input + "\"}, flow: " + flow +
                                        "}\ntraining: {precision: " + given.precision + "}\n",
                                    problems);
  INFO(to_text(problems, false));
  REQUIRE(built.has_value());
  const graph::Graph& graph = *built;
  std::span<const graph::Node> nodes = graph.root.nodes;
  std::set<graph::ValueId> needed = {graph.outputs.front().value};
  if (given.num_behind > 0) {
    nodes = nodes.first(nodes.size() - given.num_behind);
    needed = {graph.root.nodes[nodes.size()].inputs.front()};
  }
  const std::vector<std::string>& also = given.also;
  for (const graph::Node& node : nodes) {
    if (std::find(also.begin(), also.end(), node.path) != also.end())
      needed.insert(node.outputs.front());
  }
  REQUIRE(needed.size() == also.size() + 1);
  const auto is_needed = [&](graph::ValueId value) { return needed.count(value) != 0; };
  const auto found = conv_block_at_end(graph, nodes, 0, is_needed, given.kernels);
  if (!found) return "";
  std::string out;
  for (const auto& [node, letter] : {std::pair{found->conv, 'C'},
                                     {found->widen, 'w'},
                                     {found->norm, 'N'},
                                     {found->narrow, 'n'},
                                     {found->sum, 'S'},
                                     {found->relu, 'R'},
                                     {found->pool, 'P'}}) {
    if (node != nullptr) out += letter;
  }
  CHECK(out.size() == found->count);
  CHECK((found->sum == nullptr) == (found->added == graph::kAbsent));
  return out;
}

}  // namespace

TEST_CASE("what a GPU takes with a convolution") {
  const std::string conv = "{conv2d: {out: 8, kernel: 3, padding: 1}}";
  CHECK(block_of("[" + conv + ", batch_norm, relu, max_pool2d: 2]") == "CNRP");
  CHECK(block_of("[" + conv + ", relu, {max_pool2d: {kernel: 3, stride: 2, padding: 1}}]") ==
        "CRP");
  CHECK(block_of("[" + conv + ", relu]") == "CR");
  CHECK(block_of("[" + conv + ", batch_norm]") == "CN");
  CHECK(block_of("[batch_norm, relu]") == "NR");
  CHECK(block_of("[tanh, batch_norm, relu]") == "NR");
  CHECK(block_of("[also: [" + conv + ", batch_norm], relu]") == "CNSR");
  CHECK(block_of("[" + conv + ", batch_norm, tanh, relu]") == "");
  CHECK(block_of("[" + conv + "]") == "");
  CHECK(block_of("[relu, max_pool2d: 2]") == "");
}

TEST_CASE("norms between images of 16 bits come with their casts") {
  const std::string conv = "{conv2d: {out: 8, kernel: 3, padding: 1}}";
  // What is made is cast back behind it.
  const Given bf16 = {.precision = "bf16", .num_behind = 1},
              f16 = {.precision = "f16", .num_behind = 1},
              behind = {.precision = "bf16", .num_behind = 2};
  CHECK(block_of("[" + conv + ", batch_norm, relu, max_pool2d: 2]", bf16) == "CwNnRP");
  CHECK(block_of("[also: [" + conv + ", batch_norm], relu]", f16) == "CwNnSR");
  CHECK(block_of("[" + conv + ", batch_norm, tanh]", behind) == "CwNn");
  CHECK(block_of("[tanh, batch_norm, tanh]", behind) == "wNn");
  CHECK(block_of("[" + conv + ", relu]", bf16) == "CR");
  // Images of f32 become some of bf16 on the way.
  CHECK(block_of("[" + conv + ", batch_norm, cast: bf16, relu]") == "");
}

TEST_CASE("what keeps nodes out of such a block") {
  const std::string conv = "{conv2d: {out: 8, kernel: 3, padding: 1}}";
  // Somebody else reads a value inside.
  CHECK(block_of("[" + conv + ", batch_norm, relu]", {.also = {"batch_norm_0"}}) == "");
  CHECK(block_of("[" + conv + ", batch_norm, relu]", {.also = {"conv2d_0"}}) == "NR");
  // Channels come by four.
  CHECK(block_of("[{conv2d: {out: 6, kernel: 3}}, batch_norm, relu]") == "");
  // No images.
  CHECK(block_of("[linear: 8, batch_norm, relu]", {.input = "f32[8]"}) == "");
  // Parameters.
  CHECK(block_of("[" + conv + ", batch_norm: {momentum: null}, relu]") == "");
  CHECK(block_of("[" + conv + ", {max_pool2d: {kernel: 2, dilation: 2}}]") == "");
  CHECK(block_of("[" + conv + ", {max_pool2d: {kernel: 2, ceil_mode: true}}]") == "");
  CHECK(block_of("[" + conv + ", {max_pool2d: {kernel: 16, padding: 8}}]") == "");
  // A region that is computed again takes its nodes first.
  CHECK(block_of("[{flow: [" + conv + ", batch_norm, relu], recompute: true}]") == "");
}

TEST_CASE("what a CPU takes behind a convolution") {
  const Given cpu = {.kernels = BlockKernels::Cpu};
  const std::string conv = "{conv2d: {out: 8, kernel: 3, padding: 1}}";
  CHECK(block_of("[" + conv + ", batch_norm, relu]", cpu) == "NR");
  CHECK(block_of("[tanh, batch_norm, relu]", cpu) == "NR");
  CHECK(block_of("[" + conv + ", batch_norm, relu, max_pool2d: 2]", cpu) == "NRP");
  CHECK(block_of("[also: [" + conv + ", batch_norm], relu]", cpu) == "NSR");
  // There are kernels for these alone.
  for (const char* behind :
       {"batch_norm", "relu", "relu, max_pool2d: 2", "batch_norm, max_pool2d: 2",
        "batch_norm, relu, max_pool2d: 3", "batch_norm, relu, max_pool2d: {kernel: 2, stride: 1}",
        "batch_norm, relu, max_pool2d: {kernel: 2, padding: 1}",
        "batch_norm: {momentum: null}, relu", "batch_norm, gelu"}) {
    CAPTURE(behind);
    CHECK(block_of("[" + conv + ", " + behind + "]", cpu) == "");
  }
  CHECK(block_of("[also: [" + conv + ", batch_norm], relu, max_pool2d: 2]", cpu) == "");
  CHECK(block_of("[{flow: [" + conv + ", batch_norm], freeze: true}, relu]", cpu) == "");
  CHECK(block_of("[" + conv + ", batch_norm, relu]",
                 {.also = {"batch_norm_0"}, .kernels = BlockKernels::Cpu}) == "");
  CHECK(block_of("[" + conv + ", batch_norm, relu]", {.kernels = BlockKernels::None}) == "");
}

}  // namespace fdl::plan
