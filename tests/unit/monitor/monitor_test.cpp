#include <cmath>

#include <doctest/doctest.h>

#include "lib/monitor/event.h"
#include "lib/monitor/event_reader.h"
#include "lib/monitor/metrics_csv.h"
#include "lib/monitor/progress.h"
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

std::string shown(const std::vector<Event>& events, bool is_terminal, int width = 120,
                  Verbosity verbosity = Verbosity::Normal) {
  std::string out;
  Progress progress(
      {is_terminal, false, [&](const std::string& text) { out += text; }, [&] { return width; }},
      verbosity);
  for (const Event& event : events) progress.show(event);
  progress.finish();
  return out;
}

// What a terminal of that width shows after this text: moving up, and erasing all below, are the
// only codes that it knows.
std::vector<std::string> rows_of(const std::string& text, std::size_t width) {
  std::vector<std::string> rows(1);
  std::size_t row = 0, column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      column = 0;
      if (++row == rows.size()) rows.emplace_back();
    } else if (text[i] == '\r') {
      column = 0;
    } else if (text.compare(i, 2, "\x1b[") == 0) {
      const std::size_t end = text.find_first_of("AJ", i);
      REQUIRE(end != std::string::npos);
      if (text[end] == 'A') row -= std::stoul(text.substr(i + 2, end - i - 2));
      if (text[end] == 'J') {
        rows.resize(row + 1);
        rows[row].resize(column);
      }
      i = end;
    } else {
      if (column == width) {
        column = 0;
        if (++row == rows.size()) rows.emplace_back();
      }
      rows[row].resize(std::max(rows[row].size(), column + 1), ' ');
      rows[row][column++] = text[i];
    }
  }
  return rows;
}

Event progress_at(double step, double loss) {
  return {"progress",
          step / 10,
          {{"epoch", 1},
           {"epochs", 2},
           {"step", step},
           {"total_steps", 100},
           {"train/loss", loss},
           {"samples_per_s", 12},
           {"eta_s", 90}},
          {}};
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

TEST_CASE("the reader gives each whole line once, however the file grows") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "events.jsonl";
  EventReader reader(path);
  CHECK(reader.read_new()->empty());
  const std::string text = to_json_line(epoch(1, 0.5)) + "\n" + to_json_line(epoch(2, 0.25)) + "\n";
  std::vector<Event> seen;
  for (const char c : text) {  // torn at every byte
    append(path, std::string(1, c));
    const auto placed = reader.read_new();
    for (const auto& one : *placed) seen.push_back(one.event);
  }
  REQUIRE(seen.size() == 2);
  CHECK(seen[1].number("train/loss") == 0.25);
  CHECK(reader.read_new()->empty());
}

TEST_CASE("a damaged line costs itself only; kinds can be passed over") {
  const TemporaryFolder folder;
  const Event steps{"steps", 0, {{"step", 1}}, {}};
  const auto path = folder.file("events.jsonl", "torn{\n" + to_json_line(epoch(1, 1)) + "\n\n" +
                                                    to_json_line(steps) + "\nhalf");
  CHECK(EventReader(path).read_new()->size() == 2);
  CHECK(read_events(path).size() == 2);
  const std::vector<Event> some = read_events(path, {"steps", "resources"});
  REQUIRE(some.size() == 1);
  CHECK(some[0].kind == "epoch");
}

TEST_CASE("a reader goes to the end, or to the last event of a kind") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "events.jsonl";
  EventReader reader(path);
  CHECK(!reader.pass_over());
  const Event start{"start", 0, {{"pid", 1}}, {}};
  Event again = start;
  again.texts["text"] = "{\"event\":\"start\"";  // is escaped in a line
  append(path, to_json_line(start) + "\n" + to_json_line(again) + "\n" + to_json_line(epoch(1, 1)) +
                   "\n");
  CHECK(reader.pass_over());
  CHECK(reader.read_new()->empty());
  append(path, to_json_line(epoch(2, 1)) + "\n");
  CHECK(reader.read_new()->size() == 1);
  reader.go_to_last("start");
  CHECK(reader.read_new()->size() == 3);
  reader.go_to_last("end");
  CHECK(reader.read_new()->size() == 4);
}

TEST_CASE("a file that was cut short is another one") {
  const TemporaryFolder folder;
  const std::string one = to_json_line(epoch(1, 1)) + "\n";
  const auto path = folder.file("events.jsonl", one + one + "half");
  EventReader reader(path);
  CHECK(reader.read_new()->size() == 2);
  std::filesystem::resize_file(path, one.size());
  CHECK(!reader.read_new());
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

TEST_CASE("on a terminal what changes is redrawn in place, under what stays") {
  const std::vector<Event> events = {
      {"start", 0, {{"steps_per_epoch", 50}, {"total_steps", 100}, {"epochs", 2}}, {}},
      progress_at(1, 4),
      progress_at(10, 3),
      epoch(1, 2.5),
      progress_at(60, 2),
      {"notice", 7, {{"step", 61}}, {{"text", "a word"}}},
      progress_at(70, 1.5)};
  const std::vector<std::string> rows = rows_of(shown(events, true, 60), 60);
  REQUIRE(rows.size() == 7);
  CHECK(rows[0] == "epoch 1/2  train/loss 2.5000  00:00");
  CHECK(rows[1] == "step 61: a word");
  CHECK(rows[2].starts_with("epoch [####.......]  40 %  1/2"));
  CHECK(rows[3].starts_with("run   [########...]  70 %  step 70/100"));
  CHECK(rows[4] == "train/loss 1.5");
  CHECK(rows[5] == "12 samples/s");
  CHECK(rows[6].empty());
}

TEST_CASE("a window that grows narrower leaves no rest of what was drawn wider") {
  std::string out;
  int width = 100;
  Progress progress(
      {true, false, [&](const std::string& text) { out += text; }, [&] { return width; }});
  progress.show(progress_at(1, 4));
  // As a terminal does that breaks its lines anew.
  const std::vector<std::string> wide = rows_of(out, 100);
  out.clear();
  for (const std::string& row : wide) out += &row == &wide.back() ? row : row + "\n";
  width = 30;
  progress.show(progress_at(2, 4));
  progress.show({"end", 1, {}, {{"reason", "done"}}});
  for (const std::string& row : rows_of(out, 30)) CHECK(row.empty());
}

TEST_CASE("lines are no wider than the window, in characters") {
  LiveLines live;
  live.take({"start", 0, {{"steps_per_epoch", 50}, {"total_steps", 100}, {"epochs", 2}}, {}});
  live.take(progress_at(30, 2));
  Event steps{"steps", 3, {{"step", 30}, {"from_s", 0}}, {}};
  for (int i = 1; i <= 30; ++i) {
    steps.series["steps"].push_back(i);
    steps.series["loss"].push_back(40.0 / i);
    steps.series["step_ms"].push_back(i);
  }
  live.take(steps);
  live.take({"resources", 3, {{"cpu_percent", 97}, {"rss_bytes", 512 << 20}}, {}});
  for (const int width : {20, 33, 80}) {
    for (const std::string& line : live.lines(width, true))
      CHECK(num_characters(line) <= static_cast<std::size_t>(width));
  }
  const std::vector<std::string> lines = live.lines(200, true);
  CHECK(lines[2].starts_with("loss  █▄▃▂▂▂"));
  CHECK(lines.back() == "12 samples/s  step 15.5 ms (p95 28.5)  cpu 97 %  memory 512 MiB");
}

TEST_CASE("a small curve") {
  CHECK(sparkline({1}, 8, true).empty());
  CHECK(sparkline({0, 7}, 8, true) == "▁█");
  CHECK(sparkline({0, 1, 2, 3, 4, 5, 6, 7}, 8, false) == "_.,-=+*#");
  CHECK(sparkline({3, 3, 3}, 8, false) == "___");
  CHECK(sparkline({0, NAN, 7, INFINITY}, 8, false) == "_#");
  CHECK(num_characters(sparkline(std::vector<double>(1000, 1), 24, true)) == 24);
}

TEST_CASE("quiet says nothing, verbose tells of every record") {
  const std::vector<Event> events = {
      {"start", 0, {{"total_steps", 100}, {"epochs", 2}}, {}},
      progress_at(1, 4),
      progress_at(2, 3),
      epoch(1, 2.5),
      {"checkpoint", 1, {{"step", 2}, {"seconds", 0.25}}, {{"path", "checkpoints/step-2"}}}};
  CHECK(shown(events, false, 80, Verbosity::Quiet).empty());
  CHECK(shown(events, true, 80, Verbosity::Quiet).empty());
  const std::string all = shown(events, false, 80, Verbosity::Verbose);
  CHECK(all.find("step 1/100") != std::string::npos);
  CHECK(all.find("step 2/100") != std::string::npos);
  CHECK(all.find("saved checkpoints/step-2 in 0.25 s") != std::string::npos);
  CHECK(shown(events, false).find("saved") == std::string::npos);
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
