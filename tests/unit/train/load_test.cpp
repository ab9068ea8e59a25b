#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <doctest/doctest.h>

#include "lib/format/checkpoint_manifest.h"
#include "lib/graph/build.h"
#include "lib/job/job.h"
#include "lib/monitor/event_reader.h"
#include "lib/tensor/tensor_file.h"
#include "lib/train/initial_weights.h"
#include "tests/temporary_folder.h"

namespace fdl::testing {
namespace {

namespace fs = std::filesystem;
using tensor::NamedTensor;

// A folder with files of weights and a model that loads some of them.
struct Loaded {
  explicit Loaded(const std::map<std::string, std::vector<NamedTensor>>& files) {
    for (const auto& [name, tensors] : files)
      REQUIRE(tensor::save_tensors(folder.path() / name, tensors).has_value());
  }

  Result<void> load(const std::string& model) {
    const fs::path file = folder.file("fdl.yml", "model:\n  inputs: { x: \"f32[2]\" }\n" + model);
    Diagnostics problems;
    const auto manifest =
        config::load_manifest(file, {}, job::merge_rules(), folder.path(), problems);
    REQUIRE(manifest.has_value());
    graph = graph::build_graph(*manifest, {}, problems);
    INFO(to_text(problems, false));
    REQUIRE(graph.has_value());
    store.emplace(*graph, 1);
    const train::EventLog log(events());
    return train::load_initial_weights(*graph, *store, &log);
  }

  fs::path events() const { return folder.path() / "events.jsonl"; }
  at::Tensor operator[](const std::string& path) const {
    for (const NamedTensor& t : store->tensors())
      if (t.name == path) return t.value.detach();
    FAIL(("no tensor " + path));
    return {};
  }
  bool is_all(const std::string& path, double value) const {
    return (*this)[path].eq(value).all().item<bool>();
  }

  TemporaryFolder folder;
  std::optional<graph::Graph> graph;
  std::optional<tensor::TensorStore> store;
};

at::Tensor filled(const std::vector<std::int64_t>& shape, double value,
                  at::ScalarType dtype = at::kFloat) {
  return at::full(shape, value, dtype);
}

std::vector<NamedTensor> linear(const std::string& prefix, double value) {
  return {{prefix + "weight", filled({2, 2}, value)}, {prefix + "bias", filled({2}, value)}};
}

}  // namespace

TEST_CASE("every dtype becomes the tensor's own") {
  for (const at::ScalarType dtype :
       {at::kDouble, at::kHalf, at::kBFloat16, at::kFloat, at::kLong, at::kInt, at::kShort,
        at::kChar, at::kByte, at::kBool, at::kUInt16, at::kUInt32, at::kUInt64}) {
    CAPTURE(at::toString(dtype));
    Loaded model(
        {{"a.safetensors",
          {{"weight", at::ones({2, 2}, at::kFloat).to(dtype)}, {"bias", filled({2}, 2)}}}});
    REQUIRE(model.load("  flow: [{ linear: 2, load: a.safetensors }]\n").has_value());
    CHECK(model.is_all("linear_0.weight", 1));
    CHECK((model["linear_0.weight"].scalar_type() == at::kFloat));
    CHECK(model.is_all("linear_0.bias", 2));
  }
}

TEST_CASE("what is converted piece by piece is whole") {
  const std::int64_t rows = 2'000'003;
  Loaded model({{"a.safetensors",
                 {{"weight", at::arange(2 * rows, at::kDouble).reshape({rows, 2}).to(at::kInt)}}}});
  REQUIRE(model
              .load("  flow: [{ linear: { out: " + std::to_string(rows) +
                    ", bias: false }, load: a.safetensors }]\n")
              .has_value());
  const at::Tensor expected = at::arange(2 * rows, at::kFloat).reshape({rows, 2});
  CHECK(model["linear_0.weight"].equal(expected));
}

TEST_CASE("init, then inner loads, outer ones, the model's") {
  const std::map<std::string, std::vector<NamedTensor>> files = {
      {"in.safetensors", linear("", 1)},
      {"out.safetensors", {{"linear_0.bias", filled({2}, 2)}}},
      {"all.safetensors", {{"linear_0.bias", filled({2}, 3)}}}};
  const std::string inner = "{ linear: 2, init: { bias: ones }, load: in.safetensors }";
  Loaded model(files);
  REQUIRE(model.load("  flow: [" + inner + "]\n").has_value());
  CHECK(model.is_all("linear_0.bias", 1));
  const std::string outer =
      "{ flow: [" + inner + "], load: { from: out.safetensors, strict: false } }";
  REQUIRE(model.load("  flow: [" + outer + "]\n").has_value());
  CHECK(model.is_all("linear_0.bias", 2));
  CHECK(model.is_all("linear_0.weight", 1));
  REQUIRE(model.load("  flow: [" + outer + "]\n  load: { from: all.safetensors, strict: false }\n")
              .has_value());
  CHECK(model.is_all("linear_0.bias", 3));
}

TEST_CASE("frozen and tied tensors are loaded and stay so") {
  Loaded model({{"a.safetensors", {{"a.weight", filled({2, 2}, 4)}}}});
  REQUIRE(model
              .load("  flow: [{ name: a, linear: { out: 2, bias: false }, freeze: true },"
                    " { name: b, linear: { out: 2, bias: false } }]\n"
                    "  tie: [[a.weight, b.weight]]\n  load: a.safetensors\n")
              .has_value());
  CHECK(model.is_all("a.weight", 4));
  CHECK(!model.store->parameters().front().value.requires_grad());
}

TEST_CASE("a load is recorded with its files") {
  Loaded model({{"a.safetensors", linear("", 1)}});
  REQUIRE(model.load("  flow: [{ name: enc, linear: 2, load: a.safetensors }]\n").has_value());
  const auto events = monitor::read_events(model.events());
  REQUIRE(events.size() == 1);
  CHECK(events[0].kind == "load");
  CHECK(events[0].text("path") == "enc");
  CHECK(events[0].number("num_loaded") == 2);
  CHECK(events[0].text("files").find("a.safetensors ") == 0);
  CHECK(events[0].text("summary") ==
        "'enc' from a.safetensors: 2 loaded, 0 missing, 0 unexpected, 0 of another shape");
}

TEST_CASE("a checkpoint whose bytes were changed is refused") {
  Loaded model({});
  const fs::path checkpoint = model.folder.path() / "run/checkpoints/step-3";
  fs::create_directories(checkpoint);
  const auto save = [&](double value) {
    REQUIRE(tensor::save_tensors(checkpoint / "model.safetensors", linear("", value)).has_value());
  };
  save(1);
  const std::vector<std::string> names = {"model.safetensors"};
  REQUIRE(format::write_checkpoint_manifest(checkpoint, "h", names).has_value());
  const std::string text = "  flow: [{ linear: 2, load: run@3 }]\n";
  REQUIRE(model.load(text).has_value());
  CHECK(model.is_all("linear_0.weight", 1));
  save(2);  // the same size, other bytes
  const auto refused = model.load(text);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().code == Code::CheckpointCorrupt);
  CHECK(refused.error().message.find("SHA-256") != std::string::npos);
}

}  // namespace fdl::testing
