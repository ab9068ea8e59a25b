#include <cstring>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "lib/base/files.h"
#include "lib/monitor/page.h"
#include "lib/monitor/tensorboard.h"
#include "lib/monitor/timeline.h"
#include "tests/temporary_folder.h"

namespace fdl::monitor {
namespace {

using testing::TemporaryFolder;

std::string lines_of(const std::vector<Event>& events) {
  std::string out;
  for (const Event& event : events) out += to_json_line(event) + "\n";
  return out;
}

std::uint64_t whole_at(const std::string& bytes, std::size_t at, std::size_t num_bytes) {
  std::uint64_t out = 0;
  std::memcpy(&out, bytes.data() + at, num_bytes);
  return out;
}

}  // namespace

TEST_CASE("CRC-32C of the vectors of RFC 3720") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xE3069283);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AA);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62A8AB43);
}

TEST_CASE("a record holds its length, its bytes and a checksum of each") {
  const std::string record = tfrecord("abc");
  REQUIRE(record.size() == 8 + 4 + 3 + 4);
  CHECK(whole_at(record, 0, 8) == 3);
  CHECK(record.substr(12, 3) == "abc");
}

TEST_CASE("the timeline counts all starts together, and leaves out what was not measured") {
  const TemporaryFolder folder;
  const auto events = folder.file(
      "events.jsonl",
      lines_of({{"start", 0.5, {{"total_steps", 4}}, {}},
                {"resources",
                 1,
                 {{"step", 1}, {"cpu_percent", 50}, {"ram_bytes", 5}, {"ram_total_bytes", 10}},
                 {}},
                {"start", 0.25, {{"resumed_from_step", 1}}, {}},
                {"epoch", 0.5, {{"epoch", 1}, {"step", 4}, {"train/loss", 2}}, {}},
                {"resources",
                 1,
                 {{"step", 4}, {"cpu_percent", 75}, {"gpu0_percent", 20}, {"gpu0_memory_bytes", 7}},
                 {}}}));
  REQUIRE(write_timeline(events, folder.path()).has_value());
  const auto read = nlohmann::json::parse(testing::bytes_of(folder.path() / "timeline.json"));
  REQUIRE(read["samples"].size() == 2);
  CHECK(read["samples"][0] == nlohmann::json::parse(R"({"t":1000,"cpu":50,"ram":[5,10]})"));
  CHECK(read["samples"][1] ==
        nlohmann::json::parse(R"({"t":2000,"cpu":75,"gpus":[{"d":0,"u":20,"vu":7}]})"));
  REQUIRE(read["events"].size() == 3);
  CHECK(read["events"][2]["k"] == "epoch_end");
  CHECK(read["events"][2]["t"] == 1500);
  CHECK(testing::bytes_of(folder.path() / "timeline.csv") ==
        "elapsed_ms,cpu,ram_used,ram_total,rss,gpu0_util,gpu0_used,gpu0_total\n"
        "1000,50,5,10,,,,\n2000,75,,,,20,7,\n");
  const std::string html = testing::bytes_of(folder.path() / "timeline.html");
  CHECK(html.find(">gpu0_percent</text>") != std::string::npos);
  CHECK(html.find("<tr><td>1.5<td>4<td>epoch</tr>") != std::string::npos);
  CHECK(html.find("src=") == std::string::npos);
}

TEST_CASE("a run without samples has no timeline") {
  const TemporaryFolder folder;
  const auto events = folder.file("events.jsonl", lines_of({{"start", 0, {}, {}}}));
  REQUIRE(write_timeline(events, folder.path()).has_value());
  CHECK(!std::filesystem::exists(folder.path() / "timeline.json"));
}

TEST_CASE("data cannot end the element that it stands in") {
  const std::string page = offline_page(R"({"a": "</script><script>alert(1)</script><!--"})");
  CHECK(page.find("alert(1)") != std::string::npos);
  CHECK(page.find("<script>alert(1)") == std::string::npos);
  CHECK(page.find("<!--\"}") == std::string::npos);
  const std::size_t begin = page.find("id=\"fdl-data\">") + 14;
  const std::size_t end = page.find("</script>", begin);
  const auto read = nlohmann::json::parse(page.substr(begin, end - begin));
  CHECK(read["a"] == "</script><script>alert(1)</script><!--");
}

TEST_CASE("the page loads nothing, and its policy allows its own text alone") {
  const std::string page = live_page();
  CHECK(page.find("<!--fdl:") == std::string::npos);
  CHECK(page.find("src=\"http") == std::string::npos);
  CHECK(page.find("href=\"http") == std::string::npos);
  CHECK(page.size() < 400 << 10);
  CHECK(page_policy().find("unsafe") == std::string::npos);
  CHECK(page_policy().find("default-src 'none'") == 0);
}

}  // namespace fdl::monitor
