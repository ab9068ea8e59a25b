#include "lib/train/carried.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <doctest/doctest.h>

#include "lib/graph/build.h"
#include "tests/temporary_folder.h"
#include "tests/unit/manifest_text.h"

namespace fdl::train {
namespace {

// States that begin anew at each sequence, each epoch, and never, with first values of 1, 2 and 3.
graph::Graph three_states() {
  Diagnostics problems;
  const config::Manifest manifest = testing::manifest_of(R"(model:
  inputs: { x: "f32[2]" }
  state:
    a: { shape: [2], init: ones, bptt: 3 }
    b: { shape: [2], init: { constant: 2 }, reset: epoch, bptt: 3 }
    c: { shape: [2], init: { constant: 3 }, reset: never, bptt: 3 }
  flow: [{ add: a, tag: a }, { add: b, tag: b }, { add: c, tag: c }]
)",
                                                         problems);
  auto graph = graph::build_graph(manifest, {}, problems);
  REQUIRE(graph.has_value());
  return std::move(*graph);
}

// [num_samples, 2] of row * 10.
at::Tensor tens(std::int64_t num_samples) {
  return at::arange(num_samples).to(at::kFloat).mul(10).unsqueeze(1).expand({num_samples, 2});
}

std::vector<float> rows(const at::Tensor& value) {
  std::vector<float> out;
  for (std::int64_t i = 0; i < value.size(0); ++i) out.push_back(value[i][1].item<float>());
  return out;
}

using Rows = std::vector<float>;

}  // namespace

TEST_CASE("an update spans bptt calls, or a sequence") {
  graph::Graph graph = three_states();
  CHECK(calls_per_update(graph, 64) == 3);
  CHECK(calls_per_update(graph, 2) == 2);
  for (graph::State& state : graph.states) state.bptt = 0;
  CHECK(calls_per_update(graph, 64) == 64);
  CHECK(calls_per_update(graph::Graph(), 0) == 1);
}

TEST_CASE("states begin anew at a sequence, at an epoch, or never, row by row") {
  const graph::Graph graph = three_states();
  Carried carried(graph, 1);
  CHECK(carried.values().empty());
  REQUIRE(carried.begin(3, true).has_value());
  CHECK(rows(carried.values()[1]) == Rows{2, 2, 2});
  const auto next = [&](std::int64_t num_samples, bool is_new_epoch) {
    carried.take(
        {tens(carried.num_samples()), tens(carried.num_samples()), tens(carried.num_samples())});
    carried.detach();
    REQUIRE(carried.begin(num_samples, is_new_epoch).has_value());
    std::vector<Rows> out;
    for (const at::Tensor& value : carried.values()) out.push_back(rows(value));
    return out;
  };
  CHECK(next(3, false) == std::vector<Rows>{{1, 1, 1}, {0, 10, 20}, {0, 10, 20}});
  CHECK(next(2, false) == std::vector<Rows>{{1, 1}, {0, 10}, {0, 10}});
  CHECK(next(3, true) == std::vector<Rows>{{1, 1, 1}, {2, 2, 2}, {0, 10, 3}});
}

TEST_CASE("detached values have no gradients and share nothing") {
  const graph::Graph graph = three_states();
  Carried carried(graph, 1);
  const at::Tensor value = at::ones({1, 2}).requires_grad_(true);
  const at::Tensor made = value.mul(2);
  carried.take({made, made, value});
  carried.detach();
  made.detach().fill_(5);
  CHECK(rows(carried.values()[0]) == Rows{2});
  for (const at::Tensor& one : carried.values()) CHECK(!one.requires_grad());
}

TEST_CASE("what is saved comes back; another model's is refused") {
  const testing::TemporaryFolder folder;
  const graph::Graph graph = three_states();
  Carried carried(graph, 1);
  REQUIRE(carried.begin(3, true).has_value());
  carried.take({tens(3), tens(3).add(1), tens(3).add(2)});
  carried.detach();
  const auto path = folder.path() / "carried.safetensors";
  REQUIRE(tensor::save_tensors(path, carried.named()).has_value());
  Carried back(graph, 2);
  REQUIRE(back.load(path).has_value());
  for (std::size_t i = 0; i < 3; ++i) CHECK(at::equal(back.values()[i], carried.values()[i]));

  graph::Graph other = three_states();
  other.states[1].path = "elsewhere";
  Carried refused(other, 1);
  CHECK(refused.load(path).error().code == Code::CheckpointMismatch);
  const auto plain = [](const at::Tensor& value) { return value.contiguous(); };
  REQUIRE(tensor::save_tensors(
              path, {{"a", plain(tens(3))}, {"b", plain(tens(2))}, {"c", plain(tens(3))}})
              .has_value());
  CHECK(back.load(path).error().code == Code::CheckpointMismatch);
}

}  // namespace fdl::train
