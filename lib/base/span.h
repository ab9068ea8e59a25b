#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace fdl {

// One text that diagnostics can quote: a manifest file, or a virtual one such as the command line.
struct Source {
  std::string name;  // as shown to the user, for example "fdl.yml" or "--set"
  std::string text;
  bool is_file = true;  // false: a command-line argument or environment variable, one line long

  // Line `line` (from 1) without its end; empty when there is no such line.
  std::string_view line_text(int line) const;
};

// A place in a Source. Lines and columns count from 1; columns and `length` count bytes.
struct Span {
  std::shared_ptr<const Source> source;
  int line = 0;
  int column = 0;
  int length = 0;

  bool is_known() const { return source != nullptr; }
  // "fdl.yml:3:7", the bare name for a place that is no file ("--set"), or "" when unknown.
  std::string where() const;
  // Like where(), without the column: the form that `config show` prints.
  std::string where_line() const;
};

// Orders by source name, line, column; unknown places come last.
bool before(const Span& a, const Span& b);

}  // namespace fdl
