#include <algorithm>
#include <atomic>
#include <cstdlib>

#include <ATen/ops/tensor.h>
#include <c10/core/CPUAllocator.h>
#include <doctest/doctest.h>

#include "tests/unit/exec/trained.h"

#undef CHECK  // libtorch's logging has one, too
#define CHECK DOCTEST_CHECK

// `recompute: true` changes what is kept, and nothing else.
namespace fdl::testing {
namespace {

// Models with R in the place of `recompute`'s value, on f32[6] and i64[].
const char* const kFlows[] = {
    // Draws and running statistics; a value from outside; a tag that leaves the region.
    R"(
  - { linear: 6, tag: before }
  - flow: [{ linear: 8 }, dropout, batch_norm, relu, { linear: 6 }, { add: [before] }]
    recompute: R
    tag: after
  - linear: 5
  - { linear: 6 }
  - add: [after]
)",
    // A region in a region, and regions beside each other.
    R"(
  - name: outer
    recompute: R
    flow:
      - { linear: 6, recompute: R }
      - { batch_norm: {}, recompute: R }
      - flow: [dropout, { linear: 6 }, tanh]
        recompute: R
  - { also: [{ linear: 6 }, batch_norm, dropout: 0.3], recompute: R }
)",
    // The body of a loop turn by turn, and a loop as a whole.
    R"(
  - { linear: 6, tag: start }
  - loop: { times: 3, body: [{ flow: [{ linear: 6 }, batch_norm, dropout, { add: [start] }], recompute: R }] }
  - { loop: { times: 3, body: [{ linear: 6 }, batch_norm, dropout], trace: turns }, recompute: R }
  - { from: turns, mean: { dim: 1 } }
)",
    // Branches, experts and maps.
    R"(
  - { linear: 6, tag: start }
  - switch:
      selector: [{ from: which }]
      branches: [[{ linear: 6, name: a }, dropout, { add: [start] }], [tanh, { linear: 6, name: b, recompute: R }]]
    recompute: R
  - gate: { router: [{ linear: 2 }, { softmax: -1 }], experts: { copies: 2, flow: [{ linear: 6 }, relu] } }
    recompute: R
  - unflatten: { dim: 1, unflattened_size: [2, 3] }
  - { map: { each: true, body: [{ linear: 3 }, dropout] }, recompute: R }
)",
    // Several outputs, one of which nobody reads, and parameters that are frozen.
    R"(
  - { linear: 6, freeze: true, recompute: R }
  - unflatten: { dim: 1, unflattened_size: [2, 3] }
  - { lstm: { hidden_size: 4 }, tag: h, recompute: R }
  - { from: h.c_n, flatten: {}, recompute: R }
  - { batch_norm: {}, freeze: true, recompute: R }
)",
};

std::string model_of(const std::string& flow) {
  return "inputs: { x: \"f32[6]\", which: \"i64[]\" }\nflow:" + flow;
}

std::vector<at::Tensor> inputs() {
  return {random_tensor({7, 6}, 1), at::tensor({0, 1, 1, 0, 1, 0, 0}).to(at::kLong)};
}

std::atomic<std::int64_t> live_bytes = 0, most_live_bytes = 0;

// Counts the bytes of tensors that are alive, and the most there were. A tensor's size stands
// before it; what is made with this allocator may die after it was taken off again.
class CountingAllocator : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t num_bytes) override {
    void* const whole = std::aligned_alloc(kHead, (num_bytes + 2 * kHead - 1) / kHead * kHead);
    *static_cast<std::size_t*>(whole) = num_bytes;
    live_bytes += static_cast<std::int64_t>(num_bytes);
    most_live_bytes = std::max(most_live_bytes.load(), live_bytes.load());
    void* const out = static_cast<char*>(whole) + kHead;
    return {out, out, release, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return release; }
  void copy_data(void* to, const void* from, std::size_t num_bytes) const override {
    default_copy_data(to, from, num_bytes);
  }

 private:
  static constexpr std::size_t kHead = 64;
  static void release(void* memory) {
    void* const whole = static_cast<char*>(memory) - kHead;
    live_bytes -= static_cast<std::int64_t>(*static_cast<std::size_t*>(whole));
    std::free(whole);
  }
};

}  // namespace

TEST_CASE("a region gives the same bits, gradients and running statistics as without") {
  // Without a record of gradients, libtorch's LSTM has other last bits on a CPU with AVX2.
  catalog::Passes passes = catalog::Passes::none();
  passes.recurrent = true;
  for (const char* flow : kFlows) {
    CAPTURE(flow);
    const Model plain(with(model_of(flow), " R", " false")),
        again(with(model_of(flow), " R", " true"));
    CHECK(plain.graph.hash() == again.graph.hash());
    for (int step = 0; step < 2; ++step) {  // the second from what the first left in the buffers
      const Trained a = train_once(plain, inputs(), {}, passes),
                    b = train_once(again, inputs(), {}, passes);
      CHECK(is_same(a.output, b.output));
      CHECK(agree(a.buffers, b.buffers, 0));
      // Where three or more gradients meet, the order of their sum differs.
      CHECK(agree(a.gradients, b.gradients, kParity));
    }
    CHECK(is_same(plain.run(inputs()), again.run(inputs())));
  }
}

TEST_CASE("gradients of a chain are the same bits") {
  const std::string text = R"(inputs: { x: "f32[6]" }
flow:
  - repeat:
      times: 3
      flow: [{ flow: [{ linear: 9 }, layer_norm, dropout, gelu, { linear: 6 }], recompute: R }]
)";
  const Model plain(with(text, " R", " false")), again(with(text, " R", " true"));
  const Trained a = train_once(plain, {random_tensor({5, 6}, 1)}),
                b = train_once(again, {random_tensor({5, 6}, 1)});
  CHECK(is_same(a.output, b.output));
  CHECK(agree(a.gradients, b.gradients, 0));
}

TEST_CASE("inner values of a region are not kept for the backward pass") {
  const std::string text = R"(inputs: { x: "f32[64]" }
flow:
  - repeat:
      times: 8
      flow: [{ flow: [{ linear: 64 }, gelu, { linear: 64 }, tanh, layer_norm, sigmoid], recompute: R }]
)";
  const std::int64_t value = 256 * 64 * 4;  // bytes of one activation
  const auto measure = [&](const std::string& recompute, bool backward) {
    const Model model(with(text, " R", recompute));
    const at::Tensor x = random_tensor({256, 64}, 1);
    static CountingAllocator counter;
    c10::Allocator* const before = c10::GetCPUAllocator();
    live_bytes = most_live_bytes = 0;
    c10::SetCPUAllocator(&counter);
    at::Tensor loss = model.run({x}, true).sum();
    const std::int64_t kept = live_bytes;
    if (backward) REQUIRE(exec::gradients(loss, model.store.parameters()).has_value());
    c10::SetCPUAllocator(before);
    return backward ? most_live_bytes.load() : kept;
  };
  // Eight blocks: four of six values are kept of each (those of linear and layer_norm before
  // another are not needed), or the block's input alone.
  CHECK(measure(" false", false) > 8 * 4 * value);
  CHECK(measure(" true", false) < (8 + 2) * value);
  // The backward pass holds one block at a time beside the inputs, and the gradients.
  CHECK(measure(" true", true) * 2 < measure(" false", true));
}

TEST_CASE("a region goes through one backward pass, and fails with its reason") {
  const Model model("inputs: { x: \"f32[4]\" }\nflow:\n  - { linear: 4, recompute: true }\n");
  const exec::Executor executor(model.graph, model.store, {model.graph.outputs.front().value});
  nn::StepContext context;
  context.training = true;
  const auto out = executor.run({random_tensor({2, 4}, 1)}, context);
  REQUIRE(out.has_value());
  const at::Tensor loss = out->front().sum();
  CHECK(exec::gradients(loss, model.store.parameters()).has_value());
  const auto twice = exec::gradients(loss, model.store.parameters());
  REQUIRE(!twice.has_value());
  CHECK(twice.error().code == Code::NodeFailed);
}

}  // namespace fdl::testing
