#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace fdl {

// A pattern over dotted paths such as "encoder.0.linear_0.weight": `*` stays within one segment,
// `**` crosses segments ("a.**.b" matches "a.b" too), a leading `*` means `**`; `?`, `[a-c]`,
// `[!a]` and `|` between alternatives are as in a shell. A pattern that matches the path of a
// subtree matches all that is in it.
class Pattern {
 public:
  // Fails with a sentence that says what cannot be read.
  static tl::expected<Pattern, std::string> parse(std::string_view text);

  bool matches(std::string_view path) const;

 private:
  // What a run of the text must be. Segments: none or several whole ones, each with its dot.
  struct Token {
    enum class Kind { Character, Any, Set, Star, Everything, Segments };
    Kind kind = Kind::Character;
    char character = 0;
    std::string set;  // of a Set: all characters in it
    bool is_negated = false;
  };
  using Alternative = std::vector<Token>;

  static std::string parse_set(std::string_view text, std::size_t& at, Token& token);
  static bool matches(const Alternative& alternative, std::string_view path);

  std::vector<Alternative> alternatives_;
};

}  // namespace fdl
