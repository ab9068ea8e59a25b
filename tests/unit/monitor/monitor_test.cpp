#include <cmath>

#include <doctest/doctest.h>

#include "lib/monitor/event.h"
#include "lib/monitor/metrics_csv.h"
#include "lib/monitor/progress.h"
#include "lib/monitor/tail.h"
#include "tests/temporary_folder.h"

namespace fdl::monitor {
namespace {

using testing::TemporaryFolder;

Event epoch(double number, double loss) {
  return {"epoch", 1.5, {{"epoch", number}, {"step", number * 10}, {"train/loss", loss}}, {}};
}

void append(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::app) << text;
}

std::string shown(const std::vector<Event>& events, bool is_terminal, int width = 120) {
  std::string out;
  Progress progress(
      is_terminal, [&](const std::string& text) { out += text; }, [&] { return width; });
  for (const Event& event : events) progress.show(event);
  progress.finish();
  return out;
}

}  // namespace

TEST_CASE("an event reads back from its line") {
  const Event event{"epoch",
                    2.25,
                    {{"step", 7}, {"loss", 0.1}, {"tiny", 1e-300}, {"large", -1e300}},
                    {{"message", "a \"quoted\"\nline \xff"}, {"path", "x/y"}}};
  const std::string line = to_json_line(event);
  CHECK(line.find('\n') == std::string::npos);
  const auto back = parse_event(line);
  REQUIRE(back.has_value());
  CHECK(back->kind == "epoch");
  CHECK(back->time_s == 2.25);
  CHECK(back->numbers == event.numbers);
  CHECK(back->text("path") == "x/y");
  CHECK(back->text("absent").empty());
  CHECK(!back->number("absent"));
}

TEST_CASE("whole numbers have no point, and what is not finite is a word") {
  CHECK(to_json_line({"x", 0, {{"n", 3}}, {}}) == R"({"event":"x","time_s":0.0,"n":3})");
  const std::string line =
      to_json_line({"x", 0, {{"a", std::nan("")}, {"b", INFINITY}, {"c", -INFINITY}}, {}});
  CHECK(line == R"({"event":"x","time_s":0.0,"a":"nan","b":"inf","c":"-inf"})");
}

TEST_CASE("what is no whole event is passed over") {
  for (const char* line : {"", "{", "[]", "null", "{}", "{\"event\": 3}", "{\"event\": \"x\"",
                           "{\"event\": \"x\"}}", "\xff\xfe", "{\"event\":\"x\",}"}) {
    CAPTURE(line);
    CHECK(!parse_event(line));
  }
  CHECK(parse_event(R"({"event":"x","time_s":"later","deep":{"a":1},"n":null})").has_value());
}

TEST_CASE("the tail gives each whole line once, however the file grows") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "events.jsonl";
  EventTail tail(path);
  CHECK(tail.read_new().empty());
  const std::string text = to_json_line(epoch(1, 0.5)) + "\n" + to_json_line(epoch(2, 0.25)) + "\n";
  std::vector<Event> seen;
  for (const char c : text) {  // torn at every byte
    append(path, std::string(1, c));
    for (Event& event : tail.read_new()) seen.push_back(std::move(event));
  }
  REQUIRE(seen.size() == 2);
  CHECK(seen[1].number("train/loss") == 0.25);
  CHECK(tail.read_new().empty());
}

TEST_CASE("a damaged line costs itself only; a start in the middle passes over what was there") {
  const TemporaryFolder folder;
  const auto path = folder.file("events.jsonl", "torn{\n" + to_json_line(epoch(1, 1)) + "\n\n");
  CHECK(EventTail(path).read_new().size() == 1);
  EventTail tail(path, std::filesystem::file_size(path));
  CHECK(tail.read_new().empty());
  append(path, to_json_line(epoch(2, 1)) + "\n");
  CHECK(tail.read_new().front().number("epoch") == 2);
}

TEST_CASE("a file that was cut back goes on from its new end") {
  const TemporaryFolder folder;
  const std::string one = to_json_line(epoch(1, 1)) + "\n";
  const auto path = folder.file("events.jsonl", one + one + "half");
  EventTail tail(path);
  CHECK(tail.read_new().size() == 2);
  std::filesystem::resize_file(path, one.size());
  CHECK(tail.read_new().empty());
  append(path, to_json_line(epoch(7, 1)) + "\n");
  const std::vector<Event> more = tail.read_new();
  REQUIRE(more.size() == 1);
  CHECK(more[0].number("epoch") == 7);
}

TEST_CASE("the table has a row for each epoch and a column for each number of any of them") {
  const TemporaryFolder folder;
  Event second = epoch(2, 0.25);
  second.numbers["val/loss"] = 0.125;
  const auto events = folder.file("events.jsonl", to_json_line({"start", 0, {{"pid", 1}}, {}}) +
                                                      "\n" + to_json_line(epoch(1, 0.5)) + "\n" +
                                                      to_json_line(second) + "\n");
  REQUIRE(write_metrics_csv(events, folder.path() / "metrics.csv").has_value());
  CHECK(testing::bytes_of(folder.path() / "metrics.csv") ==
        "epoch,step,train/loss,val/loss\n1,10,0.5,\n2,20,0.25,0.125\n");
  CHECK(!write_metrics_csv(events, folder.path() / "gone" / "metrics.csv").has_value());
}

TEST_CASE("plain progress: a line at a sensible rate, epochs always") {
  std::vector<Event> events = {{"start", 0, {{"total_steps", 1000}, {"epochs", 1}}, {}}};
  for (int step = 1; step <= 1000; ++step)
    events.push_back({"progress", 0, {{"epoch", 1}, {"step", step}, {"total_steps", 1000}}, {}});
  events.push_back(epoch(1, 0.5));
  const std::string out = shown(events, false);
  const auto lines = std::count(out.begin(), out.end(), '\n');
  CHECK(lines > 10);
  CHECK(lines <= 22);
  CHECK(out.find('\r') == std::string::npos);
  CHECK(out.find('\x1b') == std::string::npos);
  CHECK(out.find("epoch 1/1  train/loss 0.5000") != std::string::npos);
}

TEST_CASE("no speed is told before any is known") {
  const Event first{"progress", 0, {{"epoch", 1}, {"step", 1}, {"total_steps", 4}}, {}};
  Event later = first;
  later.numbers["samples_per_s"] = 12;
  CHECK(shown({first}, true).find("samples/s") == std::string::npos);
  CHECK(shown({later}, true).find("12 samples/s") != std::string::npos);
}

TEST_CASE("on a terminal one line is redrawn within the width, and ended") {
  const std::string out =
      shown({{"progress", 0, {{"step", 500}, {"total_steps", 1000}}, {}}}, true, 40);
  CHECK(out.starts_with("\r"));
  CHECK(out.ends_with("\n"));
  CHECK(out.size() <= 1 + 39 + 3 + 1);
  CHECK(shown({epoch(1, 1)}, true).find("\x1b") == std::string::npos);
}

TEST_CASE("a resumed run says from where") {
  CHECK(shown({{"start", 0, {{"resumed_from_step", 40}}, {}}}, false) == "going on from step 40\n");
}

TEST_CASE("durations") {
  CHECK(show_duration(0) == "00:00");
  CHECK(show_duration(59.9) == "00:59");
  CHECK(show_duration(3599) == "59:59");
  CHECK(show_duration(3723) == "1:02:03");
  CHECK(show_duration(-5) == "00:00");
}

}  // namespace fdl::monitor
