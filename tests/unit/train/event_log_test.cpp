#include "lib/train/event_log.h"

#include <doctest/doctest.h>

#include "lib/base/files.h"
#include "tests/temporary_folder.h"

namespace fdl::train {
namespace {

monitor::Event event_at(const char* kind, double step) {
  monitor::Event out;
  out.kind = kind;
  if (step >= 0) out.numbers["step"] = step;
  return out;
}

std::vector<std::string> kinds_in(const std::filesystem::path& path) {
  std::vector<std::string> out;
  const std::string text = *read_file(path);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    const auto event = monitor::parse_event(std::string_view(text).substr(begin, end - begin));
    out.push_back(event ? event->kind : "damaged");
    begin = end == std::string::npos ? text.size() : end + 1;
  }
  return out;
}

}  // namespace

TEST_CASE("records are cut back to a step, with a line that a crash cut off") {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "events.jsonl";
  const EventLog log(path);
  CHECK(log.cut_back(5).has_value());  // there is no file yet
  for (const auto& event : {event_at("start", -1), event_at("progress", 4),
                            event_at("checkpoint", 5), event_at("progress", 6)})
    REQUIRE(log.write(event).has_value());
  folder.file("events.jsonl", *read_file(path) + "{\"event\":\"prog");
  REQUIRE(log.cut_back(5).has_value());
  CHECK(kinds_in(path) == std::vector<std::string>{"start", "progress", "checkpoint"});
  REQUIRE(log.write(event_at("end", 7)).has_value());
  CHECK(kinds_in(path).back() == "end");
}

TEST_CASE("a record that cannot be written is an error") {
  const testing::TemporaryFolder folder;
  const EventLog log(folder.path() / "missing" / "events.jsonl");
  const auto written = log.write(event_at("start", -1));
  REQUIRE(!written.has_value());
  CHECK(written.error().code == Code::CannotWrite);
}

}  // namespace fdl::train
