#pragma once

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "lib/base/code.h"
#include "lib/base/span.h"

namespace fdl {

enum class Severity { Error, Warning };

// A second place or a second sentence that belongs to a diagnostic.
struct Note {
  std::string text;
  Span span;
};

// One thing that is wrong, in words for the person who can mend it: what is wrong with the
// offending text in quotes, where, what was expected, and what to do.
struct Diagnostic {
  Code code = Code::Internal;
  Severity severity = Severity::Error;
  std::string message;  // lower case, no full stop
  Span span;
  std::string node;  // path in the graph, "model.encoder.2"; empty when there is none
  std::vector<Note> notes;
  std::string help_text;

  // These give a new Diagnostic, so that `d = std::move(d).help(...)` is no move onto itself.
  template <typename... A>
  Diagnostic help(fmt::format_string<A...> text, A&&... args) && {
    help_text = fmt::format(text, std::forward<A>(args)...);
    return std::move(*this);
  }
  template <typename... A>
  Diagnostic note(fmt::format_string<A...> text, A&&... args) && {
    notes.push_back({fmt::format(text, std::forward<A>(args)...), {}});
    return std::move(*this);
  }
  Diagnostic note_at(Span at, std::string text) && {
    notes.push_back({std::move(text), std::move(at)});
    return std::move(*this);
  }
  Diagnostic at_node(std::string path) && {
    node = std::move(path);
    return std::move(*this);
  }
};

// The usual way to make one: error(Code::UnknownKey, span, "unknown key '{}'", key).help(...).
template <typename... A>
Diagnostic error(Code code, Span span, fmt::format_string<A...> text, A&&... args) {
  Diagnostic d;
  d.code = code;
  d.span = std::move(span);
  d.message = fmt::format(text, std::forward<A>(args)...);
  return d;
}

template <typename... A>
Diagnostic warning(Code code, Span span, fmt::format_string<A...> text, A&&... args) {
  Diagnostic d = error(code, std::move(span), text, std::forward<A>(args)...);
  d.severity = Severity::Warning;
  return d;
}

// Collects problems so that all of them are shown in one pass.
class Diagnostics {
 public:
  void add(Diagnostic d) { items_.push_back(std::move(d)); }
  void add(Diagnostics other);
  bool has_errors() const;
  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  // By place, then by code; a problem reported twice at one place appears once.
  std::vector<Diagnostic> sorted() const;

 private:
  std::vector<Diagnostic> items_;
};

// The text form, with the source line and a caret; ends in a newline. `color` adds ANSI colours.
std::string to_text(const Diagnostic& d, bool color);

// One JSON object without a newline: code, severity, message, file, line, column, length, node,
// notes, help.
std::string to_json(const Diagnostic& d);

// All of them in text, at most `limit`, then a line that says how many were left out.
std::string to_text(const Diagnostics& all, bool color, std::size_t limit = 20);

}  // namespace fdl
