#include "lib/format/table.h"

#include <algorithm>

#include "lib/format/memory_records.h"
#include "lib/format/record_cursor.h"

namespace fdl::format {
namespace {

constexpr std::int64_t kIndexed = 16;

Diagnostic at_place(const Table& table, const Record& record, const Place& place,
                    std::string message) {
  return error(Code::DataCorrupt, table.span_of(record, place), "{}", message);
}

}  // namespace

Span Table::span_of(const Record& record, const Place& place, std::size_t length) const {
  std::string_view text = record.text;
  for (std::uint64_t line = record.place.line; line < place.line; ++line)
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  return place_in(file_.path(), place, text.substr(0, text.find('\n')), length);
}

Result<Table> Table::open(const std::filesystem::path& path, const TableFormat& form) {
  Result<InputFile> file = InputFile::open(path, Code::DataMissing);
  if (!file) return fail(std::move(file.error()));
  std::array<std::byte, 3> start{};
  const Result<std::size_t> got = file->read_at(0, start);
  if (!got) return fail(got.error());
  if (*got >= 2 && start[0] == std::byte{0x1f} && start[1] == std::byte{0x8b}) {
    return fail(error(Code::DataCorrupt, {}, "'{}' is compressed, and its records cannot be found",
                      path.string())
                    .help("unpack it: gunzip '{}'", path.string()));
  }
  Table table(std::move(*file), form);
  const bool has_mark = *got == 3 && start[0] == std::byte{0xEF} && start[1] == std::byte{0xBB} &&
                        start[2] == std::byte{0xBF};
  table.first_.offset = has_mark ? 3 : 0;
  FDL_TRY(table.read_header());
  return table;
}

Result<Table> Table::of_records(InputFile file, std::shared_ptr<const MemoryRecords> records) {
  Table out(std::move(file), {});
  out.columns_ = records->names();
  std::vector<std::string> sorted = out.columns_;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end())
    return fail(error(Code::DataCorrupt, {}, "two columns of '{}' are called '{}'",
                      out.file_.path().string(), *twice)
                    .help("give one of them another name"));
  out.records_ = std::move(records);
  return out;
}

Result<void> Table::read_header() {
  const bool is_csv = form_.kind == TableFormat::Kind::Csv;
  RecordCursor cursor(file_, first_.offset, 1, is_csv);
  Record record;
  const Result<bool> has_any = cursor.next(record);
  if (!has_any) return fail(has_any.error());
  if (!*has_any) {
    return fail(error(Code::DataCorrupt, {}, "'{}' is empty", file_.path().string())
                    .help("{}", is_csv && form_.has_header ? "its first line must name the columns"
                                                           : "it must have at least one record"));
  }
  if (!is_csv) return parse_json_record(file_.path(), record, {}, &columns_);
  std::vector<Cell> cells;
  FDL_TRY(parse_csv(record, cells));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    columns_.push_back(form_.has_header ? cells[i].text : std::to_string(i));
    const bool is_new =
        std::find(columns_.begin(), columns_.end() - 1, columns_.back()) == columns_.end() - 1;
    if (is_new) continue;
    return fail(at_place(*this, record, cells[i].place,
                         fmt::format("two columns are called '{}'", columns_.back()))
                    .help("give one of them another name"));
  }
  if (form_.has_header) first_ = {cursor.offset(), cursor.line()};
  return {};
}

Result<void> Table::index(const Use& use) {
  marks_.clear();
  return go_through(0, INT64_MAX, use, &marks_, num_records_);
}

Result<void> Table::scan(std::int64_t begin, std::int64_t end, const Use& use) const {
  std::int64_t num_seen = 0;
  return go_through(begin, end, use, nullptr, num_seen);
}

// Gives the records from `begin` on; `num_seen` counts from the first of the file.
Result<void> Table::go_through(std::int64_t begin, std::int64_t end, const Use& use,
                               std::vector<Mark>* marks, std::int64_t& num_seen) const {
  if (records_) {
    Record here;
    for (num_seen = begin; num_seen < std::min(end, records_->num_records()); ++num_seen) {
      records_->fill(num_seen, here);
      FDL_TRY(use(num_seen, here));
    }
    return {};
  }
  const auto from = static_cast<std::size_t>(begin / kIndexed);
  const Mark start = from < marks_.size() ? marks_[from] : first_;
  RecordCursor cursor(file_, start.offset, start.line, form_.kind == TableFormat::Kind::Csv);
  Record record;
  for (num_seen = from < marks_.size() ? static_cast<std::int64_t>(from) * kIndexed : 0;
       num_seen < end; ++num_seen) {
    const Result<bool> has_more = cursor.next(record);
    if (!has_more) return fail(has_more.error());
    if (!*has_more) return {};
    if (marks != nullptr && num_seen % kIndexed == 0)
      marks->push_back({cursor.record_offset(), record.place.line});
    if (num_seen < begin) continue;
    FDL_TRY(parse(record));
    FDL_TRY(use(num_seen, record));
  }
  return {};
}

Result<void> Table::read(std::int64_t row, Record& out) const {
  bool is_there = false;
  FDL_TRY(scan(row, row + 1, [&](std::int64_t, const Record& record) -> Result<void> {
    out = record;
    is_there = true;
    return {};
  }));
  if (is_there) return {};
  return fail(error(Code::DataCorrupt, {}, "'{}' has become shorter while it was in use",
                    file_.path().string())
                  .help("start again"));
}

Result<void> Table::parse(Record& record) const {
  if (form_.kind == TableFormat::Kind::JsonLines)
    return parse_json_record(file_.path(), record, columns_, nullptr);
  FDL_TRY(parse_csv(record, record.cells));
  if (record.cells.size() == columns_.size()) return {};
  return fail(at_place(*this, record, record.cells.back().place,
                       fmt::format("this record has {} cells, but there are {} columns",
                                   record.cells.size(), columns_.size()))
                  .help("the columns are separated by '{}'; a cell that holds one needs quotes",
                        form_.delimiter));
}

Result<void> Table::parse_csv(Record& record, std::vector<Cell>& cells) const {
  const std::string& text = record.text;
  cells.clear();
  Place place = record.place;
  std::size_t i = 0;
  const auto step = [&] {
    place = text[i] == '\n' ? Place{place.line + 1, 1} : Place{place.line, place.column + 1};
    ++i;
  };
  for (;;) {
    Cell cell;
    cell.place = place;
    const bool is_quoted = i < text.size() && text[i] == '"';
    if (is_quoted) {
      const Place opened = place;
      step();
      while (i < text.size() && (text[i] != '"' || (i + 1 < text.size() && text[i + 1] == '"'))) {
        if (text[i] == '"') step();
        cell.text += text[i];
        step();
      }
      if (i == text.size()) {
        return fail(at_place(*this, record, opened, "this quote never ends")
                        .help("close it; a quote within a quoted cell is written twice"));
      }
      step();
      if (i < text.size() && text[i] != form_.delimiter) {
        return fail(at_place(*this, record, place, "something stands behind the quoted cell")
                        .help("a quote within a quoted cell is written twice"));
      }
    }
    for (; i < text.size() && text[i] != form_.delimiter; step()) cell.text += text[i];
    if (is_quoted || !cell.text.empty()) cell.kind = Cell::Kind::Text;
    cells.push_back(std::move(cell));
    if (i == text.size()) return {};
    step();
  }
}

}  // namespace fdl::format
