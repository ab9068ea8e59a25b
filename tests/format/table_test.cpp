#include "lib/format/table.h"

#include <doctest/doctest.h>

#include "lib/format/memory_records.h"
#include "tests/format/allocation_watch.h"
#include "tests/format/fixture.h"

namespace fdl::format {
namespace {

using testing::outcome;
using testing::TemporaryFolder;
using Rows = std::vector<std::vector<std::string>>;

const TableFormat kJson{TableFormat::Kind::JsonLines, ',', true};

Result<void> nothing(std::int64_t, const Record&) { return {}; }

std::string shown(const Cell& cell) {
  if (cell.kind == Cell::Kind::Missing) return "-";
  if (cell.kind == Cell::Kind::Other) return "?";
  std::string out = cell.text;
  for (const double one : cell.numbers) out += fmt::format("[{}]", one);
  return out;
}

// All records of a table, or the outcome where it fails.
struct Whole {
  std::string said;
  std::vector<std::string> columns;
  Rows rows;
};
Whole read_whole(const std::string& bytes, const TableFormat& form = {}) {
  const TemporaryFolder folder;
  Result<Table> table = Table::open(folder.file("t", bytes), form);
  Whole out;
  out.said = outcome(table);
  if (!table) return out;
  out.columns = table->columns();
  const auto take = [&](std::int64_t row, const Record& record) -> Result<void> {
    CHECK(row == static_cast<std::int64_t>(out.rows.size()));
    out.rows.emplace_back();
    for (const Cell& cell : record.cells) out.rows.back().push_back(shown(cell));
    return {};
  };
  out.said = outcome(table->index(take));
  return out;
}

// Where a failure is, "3:5", and its message.
std::string place_of(const std::string& bytes, const TableFormat& form = {}) {
  const TemporaryFolder folder;
  Result<Table> table = Table::open(folder.file("t", bytes), form);
  const Diagnostic d = table ? table->index(nothing).error() : table.error();
  return fmt::format("{}:{}: {}", d.span.line, d.span.column, d.message);
}

}  // namespace

TEST_CASE("csv: quotes hide separators, line ends and quotes") {
  const Whole out = read_whole("a,b\r\n1,\"x,y\"\r\n\"two\nlines\",\"say \"\"hi\"\"\"\n\n3,");
  CHECK(out.said == "ok");
  CHECK(out.columns == std::vector<std::string>{"a", "b"});
  CHECK(out.rows == Rows{{"1", "x,y"}, {"two\nlines", "say \"hi\""}, {"3", "-"}});
}

TEST_CASE("csv: other separators, no header, a byte order mark") {
  CHECK(read_whole("\xEF\xBB\xBF"
                   "a;b\n1;2\n",
                   {TableFormat::Kind::Csv, ';', true})
            .columns == std::vector<std::string>{"a", "b"});
  const Whole out = read_whole("1\t2\n3\t\"\"\n", {TableFormat::Kind::Csv, '\t', false});
  CHECK(out.columns == std::vector<std::string>{"0", "1"});
  CHECK(out.rows == Rows{{"1", "2"}, {"3", ""}});
}

TEST_CASE("csv: mistakes have a line and a column") {
  CHECK(place_of("a,b\n1,2\n3\n") == "3:1: this record has 1 cells, but there are 2 columns");
  CHECK(place_of("a,b\n1,2,3\n") == "2:5: this record has 3 cells, but there are 2 columns");
  CHECK(place_of("a,b\n1,\"x\"y\n") == "2:6: something stands behind the quoted cell");
  CHECK(place_of("a,b\n1,\"x\n2,y\n") == "2:1: a quote of this record never ends");
  CHECK(place_of("a,b\nx\"y,\"z\n") == "2:5: this quote never ends");
  CHECK(place_of("a,b,a\n1,2,3\n") == "1:5: two columns are called 'a'");
  CHECK(place_of("a,b\n\"1\n\n\",2\n3\n") ==
        "5:1: this record has 1 cells, but there are 2 columns");
  CHECK(testing::contains(place_of(""), "is empty"));
  CHECK(testing::contains(place_of(testing::gzip("a,b\n")), "is compressed"));
}

TEST_CASE("records in memory are read as those of a file are") {
  const auto records = std::make_shared<MemoryRecords>();
  for (const char* name : {"n", "word", "list"}) records->add_column(name);
  const double numbers[] = {3, 4.5};
  records->add_number(0, 2);
  records->add_number(0, 0.1);
  records->add_missing(1);
  records->add_text(1, "a \"b\"");
  records->add_list(2, numbers, 2);
  records->add_list(2, numbers, 0);
  const TemporaryFolder folder;
  auto table = Table::of_records(*InputFile::open(folder.file("t.bin", "")), records);
  REQUIRE(table.has_value());
  CHECK(table->columns() == std::vector<std::string>{"n", "word", "list"});
  REQUIRE(table->index(nothing).has_value());
  CHECK(table->num_records() == 2);
  Record record;
  REQUIRE(table->read(0, record).has_value());
  CHECK(record.cells[0].number == 2);
  CHECK(record.cells[0].text == "2");
  CHECK(record.cells[1].kind == Cell::Kind::Missing);
  CHECK(record.cells[2].numbers == std::vector<double>{3, 4.5});
  REQUIRE(table->read(1, record).has_value());
  CHECK(record.text == R"({"n": 0.1, "word": "a \"b\"", "list": []})");
  CHECK(record.cells[1].text == "a \"b\"");
  const Span at = table->span_of(record, record.cells[1].place);
  CHECK(at.line == 2);
  CHECK(record.text.substr(static_cast<std::size_t>(at.column) - 1, 4) == R"("a \)");
  CHECK(table->read(2, record).error().code == Code::DataCorrupt);
  std::int64_t num_seen = 0;
  REQUIRE(table
              ->scan(1, 9,
                     [&](std::int64_t row, const Record&) -> Result<void> {
                       CHECK(row == 1);
                       ++num_seen;
                       return {};
                     })
              .has_value());
  CHECK(num_seen == 1);
  records->add_column("n");
  CHECK(!Table::of_records(*InputFile::open(folder.file("t.bin", "")), records).has_value());
}

TEST_CASE("json lines: values by key, lists of numbers, what is absent") {
  const Whole out = read_whole(
      "{\"a\": 1, \"b\": \"x\", \"c\": [1, 2.5]}\n\n{\"c\": [], \"a\": true, \"d\": 5}\n"
      "{\"a\": null, \"b\": {\"a\": 7}, \"c\": [1, [2]]}",
      kJson);
  CHECK(out.said == "ok");
  CHECK(out.columns == std::vector<std::string>{"a", "b", "c"});
  CHECK(out.rows == Rows{{"1", "x", "[1][2.5]"}, {"true", "-", ""}, {"-", "?", "?"}});
}

TEST_CASE("json lines: mistakes have a line and a column") {
  CHECK(place_of("{\"a\": 1}\n{\"a\": 1,}\n", kJson) == "2:9: this line is no JSON object");
  for (const char* line : {"[1]", "1", "nul", "{\"a\": 1} x", "{\"a\" 1}", "{\"a\": \"\xff\"}"}) {
    CAPTURE(line);
    const std::string said = place_of("{\"a\": 1}\n" + std::string(line) + "\n", kJson);
    CHECK(said.starts_with("2:"));
    CHECK(testing::contains(said, "this line is no JSON object"));
  }
}

TEST_CASE("any record can be read by its number, from several marks of the index") {
  const TemporaryFolder folder;
  std::string text = "n,text\n";
  for (int i = 0; i < 100; ++i) text += fmt::format("{},\"line\n{}\"\n", i, i);
  Result<Table> table = Table::open(folder.file("t", text), {});
  REQUIRE(table.has_value());
  REQUIRE(table->index(nothing).has_value());
  REQUIRE(table->num_records() == 100);
  Record record;
  for (const std::int64_t row : {99, 0, 15, 16, 17, 50}) {
    REQUIRE(table->read(row, record).has_value());
    CHECK(record.cells[0].text == std::to_string(row));
    CHECK(record.place.line == static_cast<std::uint64_t>(2 + 2 * row));
  }
  std::int64_t expected = 30;
  CHECK(table
            ->scan(30, 40,
                   [&](std::int64_t row, const Record&) -> Result<void> {
                     CHECK(row == expected++);
                     return {};
                   })
            .has_value());
  CHECK(expected == 40);
  CHECK(outcome(table->read(100, record)).starts_with("FDL5102"));
}

TEST_CASE("a table is not held in memory") {
  const TemporaryFolder folder;
  std::string text = "n\n";
  for (int i = 0; i < 400'000; ++i) text += "0123456789\n";
  const auto path = folder.file("t", text);
  const testing::AllocationWatch watch;
  Result<Table> table = Table::open(path, {});
  REQUIRE(table->index(nothing).has_value());
  CHECK(table->num_records() == 400'000);
  CHECK(watch.largest_bytes() < 1 << 20);
}

TEST_CASE("no bytes at all break the readers of tables") {
  const std::string seeds[] = {"a,b\n1,\"x\"\n2,y\n",
                               "{\"a\": [1, 2], \"b\": \"x\"}\n{\"a\": 3}\n"};
  for (const std::string& seed : seeds) {
    for (std::size_t i = 0; i <= seed.size(); ++i) {
      for (const char c : {'"', ',', '\n', '\0', '{', ']', '\xff'}) {
        std::string bytes = seed;
        bytes.insert(i, 1, c);
        (void)read_whole(bytes);
        (void)read_whole(bytes, kJson);
        (void)read_whole(bytes.substr(0, i));
        (void)read_whole(bytes.substr(0, i), kJson);
      }
    }
  }
}

}  // namespace fdl::format
