#include <algorithm>

#include <nlohmann/json.hpp>

#include "lib/format/json_text.h"
#include "lib/format/record_cursor.h"

namespace fdl::format {
namespace {

// Receives the events of one object; what nests deeper than a list of numbers is kept as Other.
class RecordEvents : public nlohmann::json_sax<nlohmann::json> {
 public:
  RecordEvents(const std::vector<std::string>& columns, std::vector<std::string>* found,
               std::vector<Cell>& cells)
      : columns_(columns), found_(found), cells_(cells) {}

  bool is_object() const { return is_object_; }
  std::size_t error_at() const { return error_at_; }

  bool null() override { return value({}); }
  bool boolean(bool one) override { return number(one ? 1 : 0, one ? "true" : "false"); }
  bool number_integer(number_integer_t one) override {
    return number(static_cast<double>(one), fmt::format("{}", one));
  }
  bool number_unsigned(number_unsigned_t one) override {
    return number(static_cast<double>(one), fmt::format("{}", one));
  }
  bool number_float(number_float_t one, const string_t& text) override { return number(one, text); }
  bool string(string_t& text) override {
    Cell cell;
    cell.kind = Cell::Kind::Text;
    cell.text = text;
    return value(std::move(cell));
  }
  bool binary(binary_t&) override { return value(other()); }

  bool start_object(std::size_t) override {
    if (depth_++ == 0) return is_object_ = true;
    return depth_ > 2 ? spoil_list() : value(other());
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override {
    if (depth_++ == 0) return false;
    if (depth_ > 2) return spoil_list();
    Cell cell;
    cell.kind = Cell::Kind::List;
    return value(std::move(cell));
  }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (depth_ != 1) return true;
    if (found_ != nullptr) found_->push_back(name);
    const auto at = std::find(columns_.begin(), columns_.end(), name);
    cell_ =
        at == columns_.end() ? nullptr : &cells_[static_cast<std::size_t>(at - columns_.begin())];
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    error_at_ = position;
    return false;
  }

 private:
  static Cell other() {
    Cell cell;
    cell.kind = Cell::Kind::Other;
    return cell;
  }
  bool close() {
    --depth_;
    return true;
  }
  bool spoil_list() {
    if (cell_ != nullptr) cell_->kind = Cell::Kind::Other;
    return true;
  }
  bool number(double one, std::string text) {
    if (depth_ == 2 && cell_ != nullptr && cell_->kind == Cell::Kind::List) {
      cell_->numbers.push_back(one);
      return true;
    }
    Cell cell;
    cell.kind = Cell::Kind::Number;
    cell.number = one;
    cell.text = std::move(text);
    return value(std::move(cell));
  }
  // A value right under the object, or one that starts a list or map there.
  bool value(Cell cell) {
    const bool starts = cell.kind == Cell::Kind::List || cell.kind == Cell::Kind::Other;
    if (depth_ == 0) return false;
    if (depth_ > (starts ? 2 : 1)) return spoil_list();
    if (cell_ != nullptr) *cell_ = std::move(cell);
    return true;
  }

  const std::vector<std::string>& columns_;
  std::vector<std::string>* found_;
  std::vector<Cell>& cells_;
  Cell* cell_ = nullptr;  // of the key that was read last; null when nobody wants it
  int depth_ = 0;
  bool is_object_ = false;
  std::size_t error_at_ = 0;
};

}  // namespace

Result<void> parse_json_record(const std::filesystem::path& path, Record& record,
                               const std::vector<std::string>& columns,
                               std::vector<std::string>* found) {
  record.cells.assign(columns.size(), Cell());
  RecordEvents events(columns, found, record.cells);
  const bool has_nul = record.text.find('\0') != std::string::npos;
  if (has_nul || !nlohmann::json::sax_parse(record.text, &events) || !events.is_object()) {
    Place place = record.place;
    place.column += events.error_at() > 0 ? events.error_at() - 1 : 0;
    return fail(
        error(Code::DataCorrupt, place_in(path, place, record.text), "this line is no JSON object")
            .help("JSON lines have one object a line: {{\"x\": 1, \"label\": \"cat\"}}"));
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::size_t at = record.text.find('"' + columns[i] + '"');
    record.cells[i].place = {record.place.line, at == std::string::npos ? 1 : at + 1};
  }
  return {};
}

}  // namespace fdl::format
