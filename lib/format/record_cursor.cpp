#include "lib/format/record_cursor.h"

#include <algorithm>

namespace fdl::format {
namespace {

constexpr std::size_t kMostRecordBytes = std::size_t{16} << 20U;

}  // namespace

Result<bool> RecordCursor::refill() {
  if (at_ < size_) return true;
  const Result<std::size_t> got = file_.read_at(offset_, buffer_);
  if (!got) return fail(got.error());
  at_ = 0;
  size_ = *got;
  return size_ > 0;
}

// Appends one line without its end; `is_open` is whether it ends inside quotes. False at the end of
// the file.
Result<bool> RecordCursor::next_line(std::string& out, bool& is_open) {
  bool has_any = false;
  for (;;) {
    const Result<bool> has_more = refill();
    if (!has_more || !*has_more) return has_more ? Result<bool>(has_any) : has_more;
    has_any = true;
    const auto* begin = reinterpret_cast<const char*>(buffer_.data()) + at_;
    const auto* end = reinterpret_cast<const char*>(buffer_.data()) + size_;
    const auto* stop = std::find(begin, end, '\n');
    if (has_quotes_ && std::count(begin, stop, '"') % 2 != 0) is_open = !is_open;
    out.append(begin, stop);
    const auto num_taken = static_cast<std::size_t>(stop - begin) + (stop != end ? 1 : 0);
    at_ += num_taken;
    offset_ += num_taken;
    if (stop != end || out.size() > kMostRecordBytes) return true;
  }
}

Result<bool> RecordCursor::next(Record& out) {
  for (;;) {
    out.text.clear();
    out.place = {line_, 1};
    record_offset_ = offset_;
    bool is_open = false;
    Result<bool> has_line = next_line(out.text, is_open);
    while (has_line && *has_line && is_open && out.text.size() <= kMostRecordBytes) {
      ++line_;
      out.text += '\n';
      has_line = next_line(out.text, is_open);
    }
    if (!has_line) return has_line;
    ++line_;
    if (out.text.size() > kMostRecordBytes) {
      return fail(error(Code::DataCorrupt, place_in(file_.path(), out.place, ""),
                        "a record of '{}' is longer than 16 MiB", file_.path().string())
                      .help("is a quote open, or is this no text?"));
    }
    if (is_open) {
      return fail(error(Code::DataCorrupt,
                        place_in(file_.path(), out.place, out.text.substr(0, out.text.find('\n'))),
                        "a quote of this record never ends")
                      .help("close it; a quote within a quoted cell is written twice"));
    }
    if (!out.text.empty() && out.text.back() == '\r') out.text.pop_back();
    const bool is_blank = out.text.find_first_not_of(" \t") == std::string::npos;
    if (!*has_line && is_blank) return false;
    if (!is_blank) return true;
  }
}

}  // namespace fdl::format
