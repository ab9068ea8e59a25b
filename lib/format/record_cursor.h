#pragma once

#include <array>
#include <string>

#include "lib/format/table.h"

// Inside this folder only.
namespace fdl::format {

// Cuts a file into records, from a place on: lines, where quotes do not hide their ends.
class RecordCursor {
 public:
  RecordCursor(const InputFile& file, std::uint64_t offset, std::uint64_t line, bool has_quotes)
      : file_(file), offset_(offset), line_(line), has_quotes_(has_quotes) {}

  // The bytes and the place of the next record that is not blank, without its line end. False at
  // the end of the file. Errors: FDL5102 for a quote that never ends or a record of more than
  // 16 MiB; FDL5001.
  Result<bool> next(Record& out);

  // Where the record that next() gave begins; before the first one, where it will look.
  std::uint64_t record_offset() const { return record_offset_; }
  std::uint64_t offset() const { return offset_; }
  std::uint64_t line() const { return line_; }

 private:
  Result<bool> refill();
  Result<bool> next_line(std::string& out, bool& is_open);

  const InputFile& file_;
  std::uint64_t offset_;  // of the next byte
  std::uint64_t line_;
  std::uint64_t record_offset_ = 0;
  bool has_quotes_;
  std::array<std::byte, 1 << 16> buffer_;
  std::size_t at_ = 0, size_ = 0;  // in the buffer
};

// Reads one JSON object into cells, one for each name of `columns`; with `found`, the names of all
// keys in their order. Errors: FDL5102.
Result<void> parse_json_record(const std::filesystem::path& path, Record& record,
                               const std::vector<std::string>& columns,
                               std::vector<std::string>* found);

}  // namespace fdl::format
