#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/format/input_file.h"
#include "lib/format/place.h"

// Tables in text: comma-separated values as in RFC 4180 (a quoted cell may hold separators, line
// ends and doubled quotes), and JSON lines, one object a line. Blank lines are passed over. A table
// is never whole in memory: an index of places lets any record be read.

namespace fdl::format {

// One value of a record.
struct Cell {
  enum class Kind { Missing, Number, Text, List, Other };
  Kind kind = Kind::Missing;
  std::string text;             // as it is written, without quotes; of CSV always
  double number = 0;            // of Number; CSV has none, its text is read later
  std::vector<double> numbers;  // of a List of numbers
  Place place;                  // of its first byte
};

struct Record {
  std::vector<Cell> cells;  // one for each column
  std::string text;         // the bytes of the record, for messages
  Place place;
};

struct TableFormat {
  enum class Kind { Csv, JsonLines };
  Kind kind = Kind::Csv;
  char delimiter = ',';
  bool has_header = true;
};

class MemoryRecords;

class Table {
 public:
  // Reads the names of the columns: the header; 0, 1, ... where there is none; of JSON lines the
  // keys of the first object.
  // Errors: FDL5101 when there is no such file, FDL5102, FDL5001.
  static Result<Table> open(const std::filesystem::path& path, const TableFormat& form);

  // One whose records are in memory, from a file that is no text.
  static Result<Table> of_records(InputFile file, std::shared_ptr<const MemoryRecords> records);

  const std::vector<std::string>& columns() const { return columns_; }
  const InputFile& file() const { return file_; }

  // Goes through all records and remembers where they are.
  // Errors: FDL5102 with line and column; FDL5001; those of `use`, which gets each record's number.
  using Use = std::function<Result<void>(std::int64_t row, const Record& record)>;
  Result<void> index(const Use& use);
  // The same from record `begin` to `end`, once there is an index.
  Result<void> scan(std::int64_t begin, std::int64_t end, const Use& use) const;

  std::int64_t num_records() const { return num_records_; }

  // Record `row`. Safe from any thread. Errors: FDL5102 when the file is another one now.
  Result<void> read(std::int64_t row, Record& out) const;

  // A span for a message about something in a record.
  Span span_of(const Record& record, const Place& place, std::size_t length = 1) const;

 private:
  // Where every kIndexed-th record begins.
  struct Mark {
    std::uint64_t offset = 0;
    std::uint64_t line = 1;
  };
  Table(InputFile file, const TableFormat& form) : file_(std::move(file)), form_(form) {}
  Result<void> read_header();
  Result<void> go_through(std::int64_t begin, std::int64_t end, const Use& use,
                          std::vector<Mark>* marks, std::int64_t& num_seen) const;
  Result<void> parse(Record& record) const;
  Result<void> parse_csv(Record& record, std::vector<Cell>& cells) const;

  InputFile file_;
  TableFormat form_;
  std::shared_ptr<const MemoryRecords> records_;  // where they are in memory
  std::vector<std::string> columns_;
  Mark first_;  // of the first record
  std::vector<Mark> marks_;
  std::int64_t num_records_ = 0;
};

}  // namespace fdl::format
