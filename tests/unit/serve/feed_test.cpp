#include "lib/runs/feed.h"

#include <random>
#include <thread>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "lib/job/run_folder.h"
#include "lib/monitor/part_json.h"
#include "tests/unit/serve/made_run.h"

namespace fdl::runs {
namespace {

using monitor::Position;
using nlohmann::json;
using testing::epoch_event;
using testing::record;
using testing::start_event;
using testing::TemporaryFolder;
using Kind = Feed::Next::Kind;

constexpr std::chrono::milliseconds kNone{0};

// What a page does: it adds the parts that it is sent to its document.
class Viewer {
 public:
  explicit Viewer(Feed& feed) : feed_(&feed) { read_anew(); }

  void move_to(Feed& other) { feed_ = &other; }  // a server that was started again
  void take_all() {
    for (;;) {
      const Feed::Next next = feed_->next(at_, state_, kNone);
      if (next.kind == Kind::Nothing) return;
      if (next.kind == Kind::Reset) {
        ++resets_;
        read_anew();
        continue;
      }
      const json part = json::parse(next.json);
      if (next.kind == Kind::Part) at_ = next.end;
      if (next.kind == Kind::Status) state_ = part["status"]["state"];
      add(part);
    }
  }
  const std::vector<double>& losses() const { return losses_; }
  const std::string& state() const { return state_; }
  int resets() const { return resets_; }

 private:
  void read_anew() {
    const json document = json::parse(monitor::to_line(feed_->document()));
    losses_.clear();
    add(document);
    state_ = document["status"]["state"];
    at_ = *monitor::parse_position(document["position"].get<std::string>());
  }
  void add(const json& part) {
    if (!part.contains("series") || !part["series"].contains("val/loss")) return;
    for (const json& value : part["series"]["val/loss"]["value"]) losses_.push_back(value);
  }

  Feed* feed_;
  Position at_;
  std::string state_;
  std::vector<double> losses_;
  int resets_ = 0;
};

std::vector<double> up_to(int last) {
  std::vector<double> out;
  for (int i = 1; i <= last; ++i) out.push_back(i);
  return out;
}

}  // namespace

TEST_CASE("viewers who come at any time see every record once, in order") {
  const TemporaryFolder folder;
  const auto run = testing::make_run(folder.path(), "a");
  auto feed = std::make_unique<Feed>(run);
  std::vector<std::unique_ptr<Viewer>> viewers;
  viewers.push_back(std::make_unique<Viewer>(*feed));  // before there is a record
  record(run, start_event());
  std::mt19937 random(5);
  for (int i = 1; i <= 300; ++i) {
    record(run, epoch_event(i, i));
    if (random() % 3 == 0) feed->read_on();
    if (random() % 20 == 0) viewers.push_back(std::make_unique<Viewer>(*feed));
    if (random() % 4 == 0) viewers[random() % viewers.size()]->take_all();
    if (random() % 60 == 0) {  // the server starts again; viewers come back with their positions
      auto next = std::make_unique<Feed>(run);
      for (const auto& viewer : viewers) viewer->move_to(*next);
      feed = std::move(next);
    }
  }
  feed->read_on();
  CHECK(viewers.size() > 5);
  for (const auto& viewer : viewers) {
    viewer->take_all();
    CHECK(viewer->losses() == up_to(300));
  }
  CHECK(viewers.back()->resets() == 0);
}

TEST_CASE("a run that goes on from a checkpoint is read anew by all") {
  const TemporaryFolder folder;
  const auto run = testing::make_run(folder.path(), "a");
  record(run, start_event());
  for (int i = 1; i <= 10; ++i) record(run, epoch_event(i, i));
  Feed feed(run);
  Viewer viewer(feed);
  CHECK(viewer.losses() == up_to(10));
  const Result<std::string> text = read_file(run / "events.jsonl");
  std::size_t cut = 0;
  for (int line = 0; line < 6; ++line) cut = text->find('\n', cut) + 1;
  REQUIRE(write_atomic(run / "events.jsonl", text->substr(0, cut)).has_value());
  record(run, start_event());
  record(run, epoch_event(6, 6));
  feed.read_on();
  viewer.take_all();
  CHECK(viewer.resets() == 1);
  CHECK(viewer.losses() == up_to(6));
}

TEST_CASE("the lock tells whether a run that has not ended runs or was killed") {
  const TemporaryFolder folder;
  const auto run = testing::make_run(folder.path(), "a");
  Feed feed(run);
  Viewer viewer(feed);
  CHECK(viewer.state() == "new");
  {
    const auto lock = job::lock_run(run);
    REQUIRE(lock.has_value());
    record(run, start_event());
    feed.read_on();
    viewer.take_all();
    CHECK(viewer.state() == "running");
  }
  REQUIRE(write_atomic(run / "log.txt", "one\nthe last\n").has_value());
  feed.read_on();
  viewer.take_all();
  CHECK(viewer.state() == "killed");
  CHECK(feed.status().last_words == "one\nthe last");
  record(run, {"end", 3, {{"step", 1}}, {{"reason", "done"}}});
  feed.read_on();
  viewer.take_all();
  CHECK(viewer.state() == "done");
}

TEST_CASE("who waits is woken by a record") {
  const TemporaryFolder folder;
  const auto run = testing::make_run(folder.path(), "a");
  record(run, start_event());
  Feed feed(run);
  const auto at = monitor::parse_position(feed.document()["position"].get<std::string>());
  std::thread later([&] {
    record(run, epoch_event(1, 1));
    feed.read_on();
  });
  const Feed::Next next = feed.next(*at, "killed", std::chrono::minutes(1));
  later.join();
  CHECK(next.kind == Kind::Part);
}

TEST_CASE("a stretch of a series") {
  const TemporaryFolder folder;
  const auto run = testing::make_run(folder.path(), "a");
  record(run, start_event());
  for (int i = 1; i <= 100; ++i) record(run, epoch_event(i, i));
  Feed feed(run);
  const auto got = feed.series({{"val/loss", "absent"}, monitor::Axis::Step, 10, 12, 100});
  CHECK(got["series"].size() == 1);
  CHECK(got["series"]["val/loss"]["step"] == json({9, 10, 11, 12, 13}));
  CHECK(feed.series({{}, monitor::Axis::Step, 0, 1, 100}).dump() == "{\"series\":{}}");
}

}  // namespace fdl::runs
