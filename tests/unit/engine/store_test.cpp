#include "lib/tensor/store.h"

#include <cmath>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>
#include <doctest/doctest.h>

#include "lib/tensor/errors.h"
#include "tests/temporary_folder.h"
#include "tests/unit/engine/support.h"

namespace fdl::testing {
namespace {

using tensor::NamedTensor;
using tensor::TensorStore;

constexpr const char* kModel = R"(inputs: { x: "f32[3, 8, 8]" }
flow:
  - conv2d: { out: 4, kernel: 3 }
  - batch_norm
  - flatten
  - linear: 10
)";

const NamedTensor& find(const TensorStore& store, const std::string& path) {
  for (const NamedTensor& t : store.tensors()) {
    if (t.name == path) return t;
  }
  FAIL("no tensor ", path);
  return store.tensors().front();
}

}  // namespace

TEST_CASE("parameters are leaves in one aligned buffer, buffers stand apart") {
  const graph::Graph graph = build(kModel);
  const TensorStore store(graph, 42);
  REQUIRE(store.tensors().size() == graph.tensors.size());
  CHECK(store.parameters().size() == 6);
  std::int64_t num_elements = 0;
  for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
    const graph::OwnedTensor& owned = graph.tensors[i];
    const NamedTensor& t = store.tensors()[i];
    CAPTURE(owned.path);
    CHECK(t.name == owned.path);
    CHECK(t.value.sizes() == owned.shape);
    CHECK(t.value.requires_grad() == !owned.is_buffer);
    CHECK(t.value.is_leaf());
    if (owned.is_buffer) continue;
    num_elements += t.value.numel();
    CHECK(reinterpret_cast<std::uintptr_t>(t.value.data_ptr()) % 64 == 0);
    CHECK(t.value.storage().is_alias_of(store.parameter_buffer().all().storage()));
  }
  CHECK(num_elements == graph.num_parameters());
  CHECK((find(store, "batch_norm_0.num_batches_tracked").value.scalar_type() == at::kLong));
  CHECK(find(store, "batch_norm_0.running_var").value.sum().item<double>() == 4);
}

TEST_CASE("views of the flat buffer do not share versions") {
  const tensor::FlatBuffer buffer({{2, 3}, {}, {5}});
  REQUIRE(buffer.views().size() == 3);
  const auto before = buffer.views()[1]._version();
  buffer.views()[0].fill_(1);
  CHECK(buffer.views()[1]._version() == before);
  CHECK(buffer.all().sum().item<double>() == 6);
  CHECK(buffer.views()[1].dim() == 0);
}

TEST_CASE("initial values follow their rules") {
  const TensorStore store(build(kModel), 42);
  const double bound = 1 / std::sqrt(4 * 36);  // kaiming_uniform(sqrt 5) over fan_in 4 * 6 * 6
  for (const char* path : {"linear_0.weight", "linear_0.bias"}) {
    const at::Tensor& t = find(store, path).value;
    CHECK(t.abs().max().item<double>() <= bound);
    CHECK(t.abs().max().item<double>() > 0.5 * bound);
  }
  const TensorStore words(build("inputs: { x: \"i64[4]\" }\nflow:\n"
                                "  - embedding: { num: 1000, dim: 16, padding_idx: 3 }\n"),
                          1);
  const at::Tensor& table = words.tensors().front().value;
  CHECK(table[3].abs().max().item<double>() == 0);
  CHECK(std::abs(table.std().item<double>() - 1) < 0.02);
}

TEST_CASE("adding a module changes no other's start; another seed changes all") {
  const TensorStore small(build(kModel), 42), other(build(kModel), 43);
  const TensorStore large(build(std::string(kModel) + "  - { linear: 10, name: extra }\n"
                                                      "  - linear: 3\n"),
                          42);
  for (const NamedTensor& t : small.tensors()) {
    CAPTURE(t.name);
    CHECK(is_same(t.value, find(large, t.name).value));
  }
  CHECK(!is_same(find(small, "linear_0.weight").value, find(other, "linear_0.weight").value));
}

TEST_CASE("a saved store loads into another with the same bits") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "model.safetensors";
  const graph::Graph graph = build(kModel);
  TensorStore saved(graph, 1), loaded(graph, 2);
  find(saved, "batch_norm_0.num_batches_tracked").value.fill_(12345678901);
  REQUIRE(saved.save(path).has_value());
  REQUIRE(loaded.load(path).has_value());
  for (std::size_t i = 0; i < saved.tensors().size(); ++i) {
    CHECK(is_same(saved.tensors()[i].value, loaded.tensors()[i].value));
    CHECK(loaded.tensors()[i].value.requires_grad() == !graph.tensors[i].is_buffer);
  }
}

TEST_CASE("another model's file is refused, and nothing is written") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "model.safetensors";
  REQUIRE(TensorStore(build(kModel), 1).save(path).has_value());
  const graph::Graph other = build(
      "inputs: { x: \"f32[3, 8, 8]\" }\nflow:\n"
      "  - conv2d: { out: 4, kernel: 3 }\n  - flatten\n"
      "  - linear: 11\n");
  TensorStore store(other, 2);
  const auto before = tensor::snapshot(store.tensors());
  const auto result = store.load(path);
  REQUIRE(!result.has_value());
  CHECK(result.error().code == Code::CheckpointMismatch);
  CHECK(result.error().message.find("'linear_0.weight' is F32[10, 144] there, F32[11, 144] here") !=
        std::string::npos);
  CHECK(result.error().notes.size() == 5);  // four more differences, and how many are left out
  for (std::size_t i = 0; i < before.size(); ++i)
    CHECK(is_same(before[i].value, store.tensors()[i].value));
}

TEST_CASE("a snapshot does not change with what it was taken of") {
  const TensorStore store(build(kModel), 1);
  const auto taken = tensor::snapshot(store.parameters());
  const at::Tensor before = taken[0].value.clone();
  {
    const at::NoGradGuard no_grad;
    store.parameters()[0].value.add_(1);
  }
  CHECK(is_same(taken[0].value, before));
  CHECK(!taken[0].value.requires_grad());
}

TEST_CASE("every dtype survives a file") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "t.safetensors";
  std::vector<NamedTensor> tensors;
  for (const at::ScalarType dtype : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16, at::kLong,
                                     at::kInt, at::kShort, at::kChar, at::kByte, at::kBool})
    tensors.push_back(
        {std::string(c10::toString(dtype)), at::tensor({1, 0, 1}, at::kInt).to(dtype)});
  REQUIRE(tensor::save_tensors(path, tensors).has_value());
  const auto loaded = tensor::load_tensors(path);
  REQUIRE(loaded.has_value());
  REQUIRE(loaded->size() == tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i)
    CHECK(is_same((*loaded)[i].value, tensors[i].value));
}

TEST_CASE("libtorch's words come out without its backtrace") {
  try {
    (void)at::tensor({1.0, 2.0}).view({3});
    FAIL("libtorch let it pass");
  } catch (const std::exception& thrown) {
    const Diagnostic d = tensor::torch_failure(thrown, "the step");
    CHECK(d.code == Code::NodeFailed);
    CHECK(d.message == "libtorch refused the step: shape '[3]' is invalid for input of size 2");
  }
}

}  // namespace fdl::testing
