#include "lib/base/diagnostic.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace fdl {
namespace {

constexpr int kWidestQuote = 160;  // longer source lines are cut around the caret

struct Paint {
  bool on;
  std::string operator()(std::string_view escape, std::string_view text) const {
    if (!on) return std::string(text);
    return fmt::format("\x1b[{}m{}\x1b[0m", escape, text);
  }
};

// Bytes a terminal may obey (escape sequences in a hostile file) are shown as '?'.
std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == '\t') c = ' ';
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) c = '?';
  }
  return out;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

int display_width(std::string_view text) {
  return static_cast<int>(
      std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

// The source line and the caret under it.
std::string quote(const Span& span, const Paint& paint) {
  if (!span.is_known() || span.line == 0) return "";
  std::string line = printable(span.source->line_text(span.line));
  auto column = static_cast<std::size_t>(std::max(span.column, 1) - 1);
  column = std::min(column, line.size());
  if (line.size() > kWidestQuote) {
    std::size_t begin = column > kWidestQuote / 2 ? column - kWidestQuote / 2 : 0;
    while (begin > 0 && is_continuation(line[begin])) --begin;
    std::size_t end = std::min(line.size(), begin + kWidestQuote);
    while (end < line.size() && is_continuation(line[end])) ++end;
    line = line.substr(begin, end - begin);
    column -= begin;
  }
  const std::string number = std::to_string(span.line);
  const std::string_view before_caret = std::string_view(line).substr(0, column);
  const std::string_view marked =
      std::string_view(line).substr(column, static_cast<std::size_t>(std::max(span.length, 1)));
  const auto carets = static_cast<std::size_t>(std::max(1, display_width(marked)));
  const auto indent = static_cast<std::size_t>(display_width(before_caret));
  return fmt::format("{:>4} | {}\n{:>4} | {}{}\n", number, line, "", std::string(indent, ' '),
                     paint("1;31", std::string(carets, '^')));
}

nlohmann::ordered_json place(const Span& span) {
  nlohmann::ordered_json out = nlohmann::ordered_json::object();
  if (!span.is_known()) return out;
  out["file"] = span.source->name;
  if (span.line == 0) return out;
  out["line"] = span.line;
  out["column"] = span.column;
  out["length"] = span.length;
  return out;
}

}  // namespace

void Diagnostics::add(Diagnostics other) {
  for (Diagnostic& d : other.items_) items_.push_back(std::move(d));
}

bool Diagnostics::has_errors() const {
  return std::any_of(items_.begin(), items_.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::Error; });
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  std::vector<Diagnostic> out = items_;
  std::stable_sort(out.begin(), out.end(), [](const Diagnostic& a, const Diagnostic& b) {
    if (before(a.span, b.span)) return true;
    if (before(b.span, a.span)) return false;
    return a.code < b.code;
  });
  const auto same = [](const Diagnostic& a, const Diagnostic& b) {
    return a.code == b.code && a.message == b.message && a.node == b.node &&
           a.span.where() == b.span.where();
  };
  out.erase(std::unique(out.begin(), out.end(), same), out.end());
  return out;
}

std::string to_text(const Diagnostic& d, bool color) {
  const Paint paint{color};
  const std::string where = d.span.where();
  const bool is_error = d.severity == Severity::Error;
  std::string out;
  if (!where.empty()) out += paint("1", printable(where)) + ": ";
  out += paint(is_error ? "1;31" : "1;33",
               fmt::format("{}[{}]", is_error ? "error" : "warning", to_string(d.code)));
  out += ": " + printable(d.message) + "\n";
  out += quote(d.span, paint);
  if (!d.node.empty()) out += fmt::format("  node: {}\n", printable(d.node));
  if (!d.help_text.empty()) out += paint("1;32", "  help:") + " " + printable(d.help_text) + "\n";
  for (const Note& n : d.notes) {
    const std::string at = n.span.where();
    out += paint("1;36", "  note:") + " " + (at.empty() ? "" : printable(at) + ": ") +
           printable(n.text) + "\n";
    out += quote(n.span, paint);
  }
  return out;
}

std::string to_json(const Diagnostic& d) {
  nlohmann::ordered_json out;
  out["code"] = to_string(d.code);
  out["severity"] = d.severity == Severity::Error ? "error" : "warning";
  out["message"] = d.message;
  out.update(place(d.span));
  if (!d.node.empty()) out["node"] = d.node;
  if (!d.notes.empty()) {
    out["notes"] = nlohmann::ordered_json::array();
    for (const Note& n : d.notes) {
      nlohmann::ordered_json note = {{"message", n.text}};
      note.update(place(n.span));
      out["notes"].push_back(note);
    }
  }
  if (!d.help_text.empty()) out["help"] = d.help_text;
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string to_text(const Diagnostics& all, bool color, std::size_t limit) {
  const std::vector<Diagnostic> sorted = all.sorted();
  std::string out;
  for (std::size_t i = 0; i < sorted.size() && i < limit; ++i) out += to_text(sorted[i], color);
  if (sorted.size() > limit) {
    out += fmt::format("... and {} more; mend these first, or use --json to see all\n",
                       sorted.size() - limit);
  }
  return out;
}

}  // namespace fdl
