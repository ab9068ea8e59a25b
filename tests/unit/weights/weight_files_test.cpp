#include "lib/weights/weight_files.h"

#include "lib/base/files.h"
#include "lib/format/checkpoint_manifest.h"
#include "lib/format/shard_index.h"
#include "lib/weights/checkpoints.h"
#include "tests/temporary_folder.h"
#include "tests/unit/weights/fixture.h"

namespace fdl::weights {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

Code code_of(const fs::path& path) {
  const auto files = open_weights(path);
  REQUIRE(!files.has_value());
  return files.error().code;
}

// A checkpoint whose one number is its step.
fs::path checkpoint(const fs::path& run, int step, const std::string& state = "{}") {
  const fs::path folder = run / "checkpoints" / ("step-" + std::to_string(step));
  fs::create_directories(folder);
  testing::write(folder / "model.safetensors", {{"w", {1}, {static_cast<float>(step)}}});
  REQUIRE(write_atomic(folder / "state.json", state).has_value());
  const std::vector<std::string> names = {"model.safetensors", "state.json"};
  REQUIRE(format::write_checkpoint_manifest(folder, "h", names).has_value());
  return folder;
}

float step_of(const fs::path& path) { return testing::numbers_of(testing::open(path), "w")[0]; }

}  // namespace

TEST_CASE("a file and a folder with one") {
  const TemporaryFolder folder;
  const fs::path file =
      testing::write(folder.path() / "model.safetensors", {{"a", {2}, {1, 2}}, {"b", {}, {3}}});
  for (const fs::path& path : {file, folder.path()}) {
    const WeightFiles files = testing::open(path);
    CHECK(files.tensors.size() == 2);
    CHECK(files.checkpoint.empty());
    CHECK(testing::numbers_of(files, "a") == std::vector<float>{1, 2});
    CHECK(files.find("a")->type_text() == "F32[2]");
    CHECK(files.find("b")->type_text() == "F32[]");
  }
}

TEST_CASE("shards are one model") {
  const TemporaryFolder folder;
  testing::write(folder.path() / "m-1.safetensors", {{"a", {1}, {1}}});
  testing::write(folder.path() / "m-2.safetensors", {{"b", {1}, {2}}});
  const auto index = [&](const std::string& text) {
    folder.file(format::kShardIndexName, "{\"weight_map\": " + text + "}");
  };
  index(R"({"a": "m-1.safetensors", "b": "m-2.safetensors"})");
  const WeightFiles files = testing::open(folder.path());
  CHECK(files.files.size() == 2);
  CHECK(testing::numbers_of(files, "b") == std::vector<float>{2});
  index(R"({"a": "m-2.safetensors", "b": "m-2.safetensors"})");
  CHECK(code_of(folder.path()) == Code::CheckpointCorrupt);
  index(R"({"a": "m-1.safetensors", "b": "m-3.safetensors"})");
  CHECK(code_of(folder.path()) == Code::WeightsMissing);
  testing::write(folder.path() / "m-2.safetensors", {{"a", {1}, {2}}, {"b", {1}, {2}}});
  index(R"({"a": "m-1.safetensors", "b": "m-2.safetensors"})");
  CHECK(code_of(folder.path()) == Code::CheckpointCorrupt);  // 'a' stands in both
}

TEST_CASE("a run: its best checkpoint, else its last, or the one that is named") {
  const TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  checkpoint(run, 5);
  checkpoint(run, 10);
  CHECK(step_of(run) == 10);
  CHECK(code_of(run.string() + "@best") == Code::WeightsMissing);
  checkpoint(run, 20, R"({"step": 20, "best": [{"step": 5, "value": 0.1}]})");
  CHECK(step_of(run) == 5);
  CHECK(step_of(run.string() + "@best") == 5);
  CHECK(step_of(run.string() + "@last") == 20);
  CHECK(step_of(run.string() + "@10") == 10);
  CHECK(step_of(run / "checkpoints/step-10") == 10);
  CHECK(code_of(run.string() + "@11") == Code::WeightsMissing);
  CHECK(code_of(run.string() + "@x") == Code::WeightsMissing);
}

TEST_CASE("a checkpoint of other sizes does not count") {
  const TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  checkpoint(run, 5);
  const fs::path damaged = checkpoint(run, 10);
  REQUIRE(write_atomic(damaged / "state.json", "{ }").has_value());
  CHECK(code_of(damaged) == Code::CheckpointCorrupt);
  CHECK(step_of(run) == 5);
  fs::remove(damaged / "state.json");
  CHECK(code_of(damaged) == Code::CheckpointCorrupt);
}

TEST_CASE("what is no weights is said to be none") {
  const TemporaryFolder folder;
  CHECK(code_of(folder.path()) == Code::WeightsMissing);
  CHECK(code_of(folder.path() / "none.safetensors") == Code::WeightsMissing);
  CHECK(code_of(folder.file("model.bin", "PK")) == Code::WeightsMissing);
  CHECK(code_of(folder.file("x.safetensors", "short")) == Code::CheckpointCorrupt);
}

}  // namespace fdl::weights
