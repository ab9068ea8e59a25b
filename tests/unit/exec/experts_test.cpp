#include <ATen/ops/linear.h>
#include <ATen/ops/stack.h>
#include <doctest/doctest.h>

#include "lib/exec/program.h"
#include "tests/unit/exec/trained.h"

// A gate against its formula, and its faster ways to run against the plain one.
namespace fdl::testing {
namespace {

struct Case {
  const char* gate;  // of a step
  bool is_dealt, is_batched;
};

const Case kCases[] = {
    {"router: [{ linear: 4 }, { softmax: -1 }], experts: { copies: 4, flow: [{ linear: 5 }, gelu, "
     "layer_norm, { linear: 6 }] }",
     false, true},
    {"router: [{ linear: 3 }, { softmax: -1 }], top_k: 2, experts: { copies: 3, flow: [relu, { "
     "linear: { out: 5, bias: false } }, { split: [[tanh], [{ linear: 5 }]], merge: mul }] }",
     false, true},
    // The stream and a tag are read inside; parts that draw, and that keep running statistics.
    {"router: [{ linear: 2 }, { softmax: -1 }], experts: [[{ linear: 6 }, { add: [t] }, dropout, { "
     "mul: [t] }], [{ linear: 6 }, { add: [t] }, dropout, { mul: [t] }]]",
     false, true},
    {"router: [flatten, { linear: 2 }, { softmax: -1 }], experts: { copies: 2, flow: [{ linear: 6 "
     "}, batch_norm, sigmoid] }",
     false, true},
    {"router: [{ linear: 2 }, { softmax: -1 }], experts: { copies: 2, flow: [{ linear: 6, "
     "precision: f64 }, tanh] }",
     false, true},
    {"router: [{ linear: 2 }, { softmax: -1 }], experts: { copies: 2, flow: [{ gru: 6 }, tanh, { "
     "linear: 6 }] }",
     false, true},
    // Not alike: another parameter, another module, another place for an input, another size.
    {"router: [{ linear: 2 }, { softmax: -1 }], experts: [[{ linear: 6 }, { leaky_relu: 0.1 }], [{ "
     "linear: 6 }, { leaky_relu: 0.2 }]]",
     false, false},
    {"router: [{ linear: 2 }, { softmax: -1 }], experts: [[{ linear: 6 }, tanh], [{ linear: 6 }]]",
     false, false},
    {"router: [{ linear: 2 }, { softmax: -1 }], experts: [[{ linear: 6, tag: a }, tanh, { sub: a "
     "}], [{ linear: 6 }, { tanh: , tag: a }, { sub: a }]]",
     false, false},
    {"router: [{ linear: 2 }, { softmax: -1 }], experts: [[{ linear: 7 }, { linear: 6 }], [{ "
     "linear: 8 }, { linear: 6 }]]",
     false, false},
    {"router: [{ linear: 2 }, { softmax: -1 }], experts: { copies: 2, flow: [{ linear: 6, "
     "recompute: true }] }",
     false, false},
    // One of at least two for each sample: only these run.
    {"router: [flatten, { linear: 4 }, { softmax: -1 }], top_k: 2, balance_loss: 0.1, experts: { "
     "copies: 4, flow: [{ linear: 5 }, dropout, { add: [t5] }, { linear: 1500 }, { linear: 6 }] }",
     true, false},
    {"router: [flatten, { linear: 3 }, { softmax: -1 }], top_k: 1, experts: [[{ linear: 6000 }, { "
     "linear: 6 }], [{ linear: 6 }], [{ loop: { times: 2, body: [{ linear: 6 }, dropout] } }]]",
     true, false},
    // With what couples samples all of them run.
    {"router: [flatten, { linear: 4 }, { softmax: -1 }], top_k: 1, experts: { copies: 4, flow: [{ "
     "linear: 6 }, batch_norm] }",
     false, true},
    {"router: [flatten, { linear: 2 }, { softmax: -1 }], top_k: 1, experts: { copies: 2, flow: [{ "
     "loop: { while: [{ mean: [1, 2] }], max: 3, body: [{ linear: 6 }] } }] }",
     false, false},
};

std::string model_of(const Case& one) {
  return std::string(
             "inputs: { x: \"f32[3, 6]\" }\nflow:\n  - { linear: 5, tag: t5 }\n  - { from: x, "
             "linear: 6, tag: t }\n  - { gate: { ") +
         one.gate + " } }\n";
}

const graph::Node& gate_of(const graph::Graph& graph) {
  for (const graph::Node& node : graph.root.nodes) {
    if (node.kind == graph::Node::Kind::Gate) return node;
  }
  FAIL("no gate");
  return graph.root.nodes.front();
}

}  // namespace

TEST_CASE("experts run in the way that fits, with the results of one by one") {
  for (const Case& one : kCases) {
    CAPTURE(one.gate);
    const Model model(model_of(one));
    const graph::Node& gate = gate_of(model.graph);
    const auto steps = exec::compile(model.graph, model.store, gate.outputs, {});
    bool is_dealt = false, is_batched = false;
    for (const exec::Step& step : steps) {
      is_dealt = is_dealt || step.is_dealt;
      is_batched = is_batched || step.is_batched;
    }
    CHECK(is_dealt == one.is_dealt);
    CHECK(is_batched == one.is_batched);
    // Who looks into the experts makes them run one by one.
    const std::vector<graph::ValueId> inner = {gate.blocks.back().outputs.front()};
    for (const std::int64_t batch : {9, 1}) {
      if (batch == 1 && model_of(one).find("batch_norm") != std::string::npos) continue;
      CAPTURE(batch);
      const std::vector<at::Tensor> inputs = {random_tensor({batch, 3, 6}, 3)};
      for (const catalog::Passes passes : {catalog::Passes{.chains = false}, catalog::Passes{}}) {
        const Model anew(model_of(one)), plain(model_of(one));  // with buffers of their own
        const Trained fast = train_once(anew, inputs, {}, passes),
                      slow = train_once(plain, inputs, inner);
        CHECK(is_close(fast.output, slow.output, 1e-5));
        CHECK(agree(fast.gradients, slow.gradients, 1e-5));
        CHECK(agree(fast.buffers, slow.buffers, 1e-5));
      }
    }
  }
}

TEST_CASE("a gate of any rank is the weighted sum of its experts") {
  const std::int64_t sizes[] = {3, 2, 4, 5};
  for (std::int64_t rank = 2; rank <= 5; ++rank) {
    std::vector<std::int64_t> shape(sizes, sizes + rank - 1);
    std::string axes;
    for (std::size_t i = 1; i < shape.size(); ++i) axes += std::to_string(shape[i]) + ", ";
    shape.push_back(6);
    // The weights have the batch axis alone, one more, and so on up to all but the last.
    for (std::int64_t own = 1; own < rank; ++own) {
      CAPTURE(rank);
      CAPTURE(own);
      const std::string flatten =
          own + 1 < rank ? "{ flatten: { start_dim: " + std::to_string(own) + " } }, " : "";
      const Model model("inputs: { x: \"f32[" + axes + "6]\" }\nflow:\n  - gate: { router: [" +
                        flatten + "{ name: router, linear: 3 }, { softmax: -1 }], experts: " +
                        "[[tanh], [square], [{ name: third, linear: 6 }]] }\n");
      const at::Tensor x = random_tensor(shape, 5);
      const at::Tensor flat = own + 1 < rank ? x.flatten(own) : x;
      at::Tensor weights =
          at::linear(flat, model["router.weight"], model["router.bias"]).softmax(-1);
      const at::Tensor experts = at::stack(
          {x.tanh(), x.square(), at::linear(x, model["2.third.weight"], model["2.third.bias"])},
          -1);
      while (weights.dim() < experts.dim()) weights = weights.unsqueeze(-2);
      CHECK(is_close(model.run({x}), experts.mul(weights).sum(-1), kParity));
    }
  }
}

}  // namespace fdl::testing
