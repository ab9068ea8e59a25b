#include <cmath>
#include <filesystem>
#include <limits>

#include <doctest/doctest.h>

#include "lib/monitor/event.h"
#include "lib/monitor/tables_csv.h"
#include "tests/temporary_folder.h"

namespace fdl::monitor {
namespace {

Event measured(double first) {
  Event event;
  event.kind = "epoch";
  event.tables["val/my matrix"] = {{"cat, dog", "a \"b\""}, {{first, 1}, {0, 0.5}}};
  return event;
}

}  // namespace

TEST_CASE("tables and numbers that are none come back from a line") {
  Event event = measured(3);
  event.numbers = {{"val/auroc", std::numeric_limits<double>::quiet_NaN()},
                   {"val/loss", std::numeric_limits<double>::infinity()}};
  const auto read = parse_event(to_json_line(event));
  REQUIRE(read.has_value());
  CHECK(read->tables == event.tables);
  CHECK(std::isnan(read->numbers.at("val/auroc")));
  CHECK(std::isinf(read->numbers.at("val/loss")));
  for (const char* table : {"{}", "{\"labels\": 1, \"rows\": []}", "{\"labels\": [], \"rows\": 1}",
                            "{\"labels\": [1], \"rows\": []}", "{\"labels\": [], \"rows\": [1]}",
                            "{\"labels\": [], \"rows\": [[true]]}"}) {
    CAPTURE(table);
    const auto other = parse_event(std::string("{\"event\": \"eval\", \"t\": ") + table + "}");
    REQUIRE(other.has_value());
    CHECK(other->tables.empty());
  }
}

TEST_CASE("the last of each table stands in a file of its own") {
  const testing::TemporaryFolder folder;
  folder.file("events.jsonl", to_json_line(measured(3)) + "\n" + to_json_line(measured(4)) + "\n");
  REQUIRE(write_tables_csv(folder.path() / "events.jsonl", folder.path()).has_value());
  CHECK(testing::bytes_of(folder.path() / "tables" / "val-my-matrix.csv") ==
        "target,\"cat, dog\",\"a \"\"b\"\"\"\n\"cat, dog\",4,1\n\"a \"\"b\"\"\",0,0.5\n");
}

TEST_CASE("a run without tables has no folder for them") {
  const testing::TemporaryFolder folder;
  folder.file("events.jsonl", "{\"event\": \"epoch\", \"val/loss\": 1}\n");
  REQUIRE(write_tables_csv(folder.path() / "events.jsonl", folder.path()).has_value());
  CHECK(!std::filesystem::exists(folder.path() / "tables"));
}

}  // namespace fdl::monitor
