#include "lib/base/span.h"

#include <tuple>

namespace fdl {

std::string_view Source::line_text(int line) const {
  std::size_t begin = 0;
  for (int current = 1; current < line; ++current) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) return {};
    begin = end + 1;
  }
  std::size_t end = text.find('\n', begin);
  if (end == std::string::npos) end = text.size();
  if (end > begin && text[end - 1] == '\r') --end;
  return std::string_view(text).substr(begin, end - begin);
}

std::string Span::where() const {
  if (!source) return "";
  if (line == 0 || !source->is_file) return source->name;
  return source->name + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string Span::where_line() const {
  if (!source) return "";
  if (line == 0 || !source->is_file) return source->name;
  return source->name + ":" + std::to_string(line);
}

bool before(const Span& a, const Span& b) {
  if (!a.source || !b.source) return a.source && !b.source;
  return std::tie(a.source->name, a.line, a.column) < std::tie(b.source->name, b.line, b.column);
}

}  // namespace fdl
