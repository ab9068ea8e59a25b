#include "lib/monitor/fold.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "lib/base/files.h"
#include "lib/monitor/event_reader.h"
#include "lib/monitor/part_json.h"
#include "lib/monitor/thin.h"
#include "tests/temporary_folder.h"

namespace fdl::monitor {
namespace {

using testing::TemporaryFolder;

Event start(double resumed = 0) {
  return {"start", 0.5, {{"resumed_from_step", resumed}, {"total_steps", 100}, {"epochs", 2}}, {}};
}

Event steps(double time_s, double from_s, std::vector<double> at, std::vector<double> losses) {
  Event out{"steps", time_s, {{"step", at.back()}, {"from_s", from_s}}, {}};
  out.series = {{"steps", std::move(at)}, {"loss", std::move(losses)}};
  return out;
}

Part fold_all(const std::vector<Event>& events) {
  Fold fold;
  Part out;
  for (const Event& event : events) out.add(fold.take(event));
  return out;
}

// A run of several starts, as the engine would record it.
std::vector<Event> random_run(std::mt19937& random) {
  std::vector<Event> out;
  double step = 0;
  for (int begun = 0; begun < 3; ++begun) {
    out.push_back(start(step));
    double now = 0.5;
    for (int k = 0; k < 20; ++k) {
      std::vector<double> at, losses;
      for (unsigned i = 0; i < 1 + random() % 5; ++i) {
        at.push_back(++step);
        losses.push_back(std::ldexp(static_cast<double>(random() % 1000), -9));
      }
      out.push_back(steps(now + 0.25, now, at, losses));
      now += 0.25;
      if (k % 7 == 0)
        out.push_back(
            {"epoch", now, {{"epoch", 1}, {"step", step}, {"val/loss", losses.back()}}, {}});
    }
  }
  return out;
}

}  // namespace

TEST_CASE("series have the numbers of the events, at their steps, times of all starts together") {
  const Part part = fold_all(
      {start(),
       steps(1.5, 0.5, {1, 2}, {4, 2}),
       start(2),
       steps(1, 0.5, {3}, {1}),
       {"epoch", 1.25, {{"epoch", 1}, {"step", 3}, {"val/loss", 0.5}, {"train_seconds", 9}}, {}}});
  const Series& loss = part.series.at("loss");
  CHECK(loss.step == std::vector<double>{1, 2, 3});
  CHECK(loss.value == std::vector<double>{4, 2, 1});
  CHECK(loss.time_s == std::vector<double>{1, 1.5, 2.5});
  CHECK(part.series.at("val/loss").time_s == std::vector<double>{2.75});
  CHECK(part.series.count("train_seconds") == 0);
  CHECK(part.series.count("epoch") == 0);
  REQUIRE(part.marks.size() == 2);
  CHECK(part.marks[0].text == "started");
  CHECK(part.marks[1].text == "went on from step 2");
  CHECK(part.status.state == "running");
  CHECK(part.status.step == 3);
  CHECK(part.status.seconds == 2.75);
}

TEST_CASE("an end says how it ended, and a new start takes it back") {
  const Event end{"end", 2, {{"step", 7}}, {{"reason", "interrupted"}, {"message", "why"}}};
  Part part = fold_all({start(), end});
  CHECK(part.status.state == "stopped");
  CHECK(part.status.message == "why");
  CHECK(part.marks.back().text == "stopped: why");
  part = fold_all({start(), end, start(7)});
  CHECK(part.status.state == "running");
  CHECK(part.status.message == "");
}

TEST_CASE("what is measured after the end takes no time of the run") {
  const Event end{"end", 100, {{"step", 7}}, {{"reason", "done"}}};
  const Event eval{"eval", 2, {{"step", 5}, {"test/loss", 1}}, {{"split", "test"}}};
  const Part part = fold_all({start(), end, eval, start(7), steps(1, 0.5, {8}, {1})});
  CHECK(part.series.at("test/loss").time_s == std::vector<double>{100});
  CHECK(part.series.at("loss").time_s == std::vector<double>{101});
  CHECK(part.status.seconds == 101);
  CHECK(fold_all({start(), end, eval}).status.step == 7);
}

TEST_CASE("a checkpoint that is told of late does not take the run back") {
  const Event late{"checkpoint", 2, {{"step", 20}}, {{"path", "checkpoints/step-20"}}};
  CHECK(fold_all({start(), steps(1, 0.5, {30}, {1}), late}).status.step == 30);
  CHECK(fold_all({start(), steps(1, 0.5, {30}, {1}), start(20)}).status.step == 20);
}

TEST_CASE("times along a series never go back") {
  std::mt19937 random(2);
  std::vector<Event> events = random_run(random);
  for (Event& event : events) {  // threads write them, each with the time at which it began to
    if (event.kind != "steps") event.time_s += static_cast<double>(random() % 200) / 1000;
  }
  for (const auto& [name, series] : fold_all(events).series) {
    CAPTURE(name);
    CHECK(std::is_sorted(series.time_s.begin(), series.time_s.end()));
  }
}

TEST_CASE("columns of different lengths, and steps without any, add no point") {
  Event odd = steps(1, 0, {1, 2}, {3});
  CHECK(fold_all({start(), odd}).series.count("loss") == 0);
  odd.series.erase("steps");
  CHECK(fold_all({start(), odd}).series.empty());
  CHECK(fold_all({{"steps", 1, {}, {}}}).series.empty());
}

TEST_CASE("parts of a run add up to the whole, wherever it is cut") {
  std::mt19937 random(7);
  for (int trial = 0; trial < 20; ++trial) {
    const std::vector<Event> events = random_run(random);
    const std::string whole = to_line(to_json(fold_all(events)));
    Fold fold;
    Part first, second;
    const std::size_t cut = random() % events.size();
    for (std::size_t i = 0; i < events.size(); ++i)
      (i < cut ? first : second).add(fold.take(events[i]));
    first.add(second);
    CHECK(to_line(to_json(first)) == whole);
  }
}

TEST_CASE("a thinned series keeps its ends, its extremes and its order") {
  std::mt19937 random(11);
  std::normal_distribution<double> normal;
  for (const std::size_t length : {5UL, 100UL, 1000UL, 12345UL}) {
    Series series;
    for (std::size_t i = 0; i < length; ++i)
      series.add(static_cast<double>(i), static_cast<double>(i) / 10, normal(random));
    series.value[length / 2] = 50;
    series.value[length / 3] = -50;
    for (const std::size_t points : {4UL, 10UL, 400UL}) {
      const Series thin = thinned(series, points);
      CAPTURE(length);
      CAPTURE(points);
      CHECK(thin.size() <= std::max(points, std::size_t{4}));
      CHECK(thin.step.front() == 0);
      CHECK(thin.step.back() == static_cast<double>(length - 1));
      CHECK(std::is_sorted(thin.step.begin(), thin.step.end()));
      CHECK(*std::max_element(thin.value.begin(), thin.value.end()) == 50);
      CHECK(*std::min_element(thin.value.begin(), thin.value.end()) == -50);
      for (std::size_t i = 0; i < thin.size(); ++i)
        CHECK(thin.value[i] == series.value[static_cast<std::size_t>(thin.step[i])]);
    }
  }
}

TEST_CASE("what is no number stays in a thinned series") {
  Series series;
  for (int i = 0; i < 1000; ++i) series.add(i, i, i == 500 ? std::nan("") : 1.0);
  const Series thin = thinned(series, 20);
  CHECK(std::count_if(thin.value.begin(), thin.value.end(),
                      [](double v) { return std::isnan(v); }) == 1);
}

TEST_CASE("a stretch has the points in it and one on either side") {
  Series series;
  for (int i = 0; i < 10; ++i) series.add(i, 2 * i, i);
  CHECK(between(series, Axis::Step, 3, 5).step == std::vector<double>{2, 3, 4, 5, 6});
  CHECK(between(series, Axis::Time, 3.5, 4.5).step == std::vector<double>{1, 2, 3});
  CHECK(between(series, Axis::Step, -5, 0).step == std::vector<double>{0, 1});
  CHECK(between(series, Axis::Step, 20, 30).step == std::vector<double>{9});
  CHECK(between({}, Axis::Step, 0, 1).size() == 0);
}

TEST_CASE("a reader gives each event with its end, however it reads, and sees another file") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "events.jsonl";
  EventReader reader(path);
  CHECK(reader.read_new()->empty());
  std::mt19937 random(3);
  std::string text;
  for (const Event& event : random_run(random)) text += to_json_line(event) + "\n";
  std::ofstream(path) << text;
  std::vector<EventReader::Placed> all;
  while (true) {
    const auto some = reader.read_new(1 + random() % 300);
    REQUIRE(some.has_value());
    if (some->empty()) break;
    all.insert(all.end(), some->begin(), some->end());
  }
  CHECK(reader.position().bytes == text.size());
  std::size_t begin = 0;
  for (const auto& placed : all) {
    const std::size_t end = placed.end.bytes;
    CHECK(to_json_line(placed.event) + "\n" == text.substr(begin, end - begin));
    begin = end;
  }
  CHECK(begin == text.size());
  REQUIRE(write_atomic(path, text.substr(0, text.find('\n') + 1)).has_value());
  CHECK(!reader.read_new().has_value());
}

TEST_CASE("a position reads back, and other text is none") {
  const Position position{123, 45678};
  CHECK(parse_position(to_string(position)) == position);
  for (const char* text : {"", "-", "1", "1-", "-1", "a-1", "1-b", "1-2-3", " 1-2", "1--2",
                           "99999999999999999999999-1"})
    CHECK(!parse_position(text));
}

}  // namespace fdl::monitor
