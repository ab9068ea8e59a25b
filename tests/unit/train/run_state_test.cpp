#include "lib/train/run_state.h"

#include <cmath>

#include <doctest/doctest.h>

#include "tests/temporary_folder.h"

namespace fdl::train {

TEST_CASE("a state comes back with every bit") {
  RunState state;
  state.step = 123;
  state.epoch = 4;
  state.batch = 5;
  state.threads = 2;
  state.losses = {{1.0 / 3, 640}, {std::nextafter(1e17, 2e17), 1}};
  state.metrics = {{{INT64_MAX, 0}, {{1.0 / 3, 5e-324}, {-0.0, 0}}, {}}, {{}, {}, {0.1, 1e300}}};
  state.train_seconds = 0.1 + 0.2;
  state.best = {{100, -0.0}, {60, 1.7976931348623157e308}};
  state.plateau = {1.0 / 3, 4, 5, 0.1, {0.5, 0.25}};
  state.early_stop = {0.1, 60, 3, {{0.1, 0.2}, {}}, "val/loss has not improved"};
  state.phase = {2, 70, 3, {{0.1, -0.0}, {}}, 65, 2};
  const testing::TemporaryFolder folder;
  folder.file("state.json", to_json(state));
  REQUIRE(tensor::save_tensors(folder.path() / kKeptRowsFile, kept_rows(state)).has_value());
  const Result<RunState> read = read_run_state(folder.path());
  REQUIRE(read.has_value());
  CHECK(read->step == 123);
  CHECK(read->epoch == 4);
  CHECK(read->batch == 5);
  CHECK(read->threads == 2);
  CHECK(read->losses[0].sum == state.losses[0].sum);
  CHECK(read->losses[1].sum == state.losses[1].sum);
  CHECK(read->metrics == state.metrics);
  CHECK(std::signbit(read->metrics[0].sums[1].high));
  CHECK(read->train_seconds == state.train_seconds);
  REQUIRE(read->best.size() == 2);
  CHECK(std::signbit(read->best[0].value));
  CHECK(read->best[1].value == 1.7976931348623157e308);
  CHECK(read->plateau == state.plateau);
  CHECK(read->early_stop == state.early_stop);
  CHECK(read->phase == state.phase);
  CHECK(to_json(*read) == to_json(state));
}

TEST_CASE("a state whose rows are missing, or others, is refused") {
  RunState state;
  state.metrics = {{{}, {}, {1, 2, 3}}};
  const testing::TemporaryFolder folder;
  folder.file("state.json", to_json(state));
  CHECK(read_run_state(folder.path()).error().code == Code::CannotRead);
  state.metrics[0].kept.pop_back();
  REQUIRE(tensor::save_tensors(folder.path() / kKeptRowsFile, kept_rows(state)).has_value());
  CHECK(read_run_state(folder.path()).error().code == Code::CheckpointCorrupt);
}

TEST_CASE("a text that is no state is refused") {
  const std::string whole = to_json(RunState());
  const testing::TemporaryFolder folder;
  CHECK(read_run_state(folder.path()).error().code == Code::CannotRead);
  for (const char* key : {"step", "epoch", "batch", "threads", "losses", "metrics", "best"}) {
    std::string text = whole;
    text.replace(text.find(key), 1, "_");
    folder.file("state.json", text);
    const auto read = read_run_state(folder.path());
    REQUIRE(!read.has_value());
    CHECK(read.error().code == Code::CheckpointCorrupt);
  }
  for (const char* text : {"", "[]", "{", "{\"step\": -1}", "{\"step\": 1e300}"}) {
    folder.file("state.json", text);
    CHECK(!read_run_state(folder.path()).has_value());
  }
}

}  // namespace fdl::train
