#include "lib/train/checkpoint.h"

#include <ATen/ops/ones.h>
#include <doctest/doctest.h>

#include "lib/base/files.h"
#include "lib/format/checkpoint_manifest.h"
#include "tests/temporary_folder.h"

namespace fdl::train {
namespace {

namespace fs = std::filesystem;

Snapshot snapshot_at(std::int64_t step) {
  Snapshot out;
  out.model = {{"weight", at::ones({2, 3}, at::kFloat)}};
  out.optimizer = {{"weight.step", at::ones({}, at::kFloat)}};
  out.state.step = step;
  out.graph_hash = std::string(64, 'a');
  return out;
}

job::Checkpoints keep(std::int64_t last, std::int64_t best) {
  job::Checkpoints out;
  out.keep_last = last;
  out.keep_best = best;
  return out;
}

std::vector<std::int64_t> best_steps(const RunState& state) {
  std::vector<std::int64_t> out;
  for (const RunState::Best& best : state.best) out.push_back(best.step);
  return out;
}

}  // namespace

TEST_CASE("a saved checkpoint verifies and holds its state") {
  const testing::TemporaryFolder folder;
  const auto saved = save_checkpoint(folder.path(), snapshot_at(7));
  REQUIRE(saved.has_value());
  CHECK(saved->path == folder.path() / "step-7");
  const auto manifest = format::verify_checkpoint(saved->path);
  REQUIRE(manifest.has_value());
  CHECK(manifest->files.size() == 4);
  CHECK(manifest->graph_hash == std::string(64, 'a'));
  CHECK(read_run_state(saved->path)->step == 7);
}

TEST_CASE("a damaged folder of the same step is replaced") {
  const testing::TemporaryFolder folder;
  fs::create_directories(folder.path() / "step-7" / "deeper");
  REQUIRE(save_checkpoint(folder.path(), snapshot_at(7)).has_value());
  CHECK(format::verify_checkpoint(folder.path() / "step-7").has_value());
  CHECK(!fs::exists(folder.path() / "step-7" / "deeper"));
}

TEST_CASE("a save that fails leaves nothing, and what was there before") {
  const testing::TemporaryFolder folder;
  REQUIRE(save_checkpoint(folder.path(), snapshot_at(7)).has_value());
  Snapshot twice = snapshot_at(8);
  twice.optimizer.push_back(twice.optimizer.front());  // two tensors of one name
  const auto saved = save_checkpoint(folder.path(), twice);
  REQUIRE(!saved.has_value());
  CHECK(saved.error().code == Code::CannotWrite);
  std::vector<fs::path> left(fs::directory_iterator(folder.path()), fs::directory_iterator());
  CHECK(left == std::vector<fs::path>{folder.path() / "step-7"});
}

TEST_CASE("what a killed writer left is removed, checkpoints are not") {
  const testing::TemporaryFolder folder;
  REQUIRE(save_checkpoint(folder.path(), snapshot_at(7)).has_value());
  fs::create_directories(folder.path() / ".writing-step-9");
  remove_unfinished(folder.path());
  CHECK(!fs::exists(folder.path() / ".writing-step-9"));
  CHECK(fs::exists(folder.path() / "step-7"));
}

TEST_CASE("the last and the best checkpoints are kept") {
  const testing::TemporaryFolder folder;
  for (const std::int64_t step : {5, 10, 15, 100})
    REQUIRE(save_checkpoint(folder.path(), snapshot_at(step)).has_value());
  remove_old_checkpoints(folder.path(), keep(2, 1), {{5, 0.9}});
  for (const auto& [step, is_kept] :
       std::map<int, bool>{{5, true}, {10, false}, {15, true}, {100, true}})
    CHECK(fs::exists(folder.path() / ("step-" + std::to_string(step))) == is_kept);
}

TEST_CASE("the table of the best: smaller or larger first, the former one on a tie") {
  RunState state;
  job::Checkpoints two = keep(1, 2);
  const auto enter = [&](std::int64_t step, double value) {
    state.step = step;
    return enter_best(state, two, value);
  };
  CHECK(enter(1, 0.5));
  CHECK(enter(2, 0.7));
  CHECK(enter(3, 0.5));
  CHECK(best_steps(state) == std::vector<std::int64_t>{1, 3});
  CHECK(!enter(4, 0.6));
  CHECK(!enter(5, 0.5));
  two.best_is_max = true;
  state.best.clear();
  CHECK(enter(1, 0.5));
  CHECK(enter(2, 0.7));
  CHECK(best_steps(state) == std::vector<std::int64_t>{2, 1});
}

TEST_CASE("the writer saves in the background and tidies up after a whole save") {
  const testing::TemporaryFolder folder;
  CheckpointWriter writer(folder.path(), keep(1, 1));
  CHECK(!writer.collect(true).has_value());
  for (const std::int64_t step : {1, 2}) {
    writer.start(snapshot_at(step));
    const auto saved = writer.collect(true);
    REQUIRE(saved.has_value());
    REQUIRE(saved->has_value());
    CHECK((*saved)->step == step);
  }
  CHECK(!fs::exists(folder.path() / "step-1"));
  CHECK(fs::exists(folder.path() / "step-2"));
}

}  // namespace fdl::train
