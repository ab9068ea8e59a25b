#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace re2 {
class RE2;
}

namespace fdl {

// A regular expression in RE2's syntax: ECMAScript's without back-references and look-around. A
// search takes time proportional to the text, whatever the pattern. `^` and `$` are the text's
// ends; text is taken as bytes. Copies share the compiled pattern.
class Regex {
 public:
  static constexpr std::size_t kLongestPattern = 500;

  // Fails with a sentence that says what cannot be read.
  static tl::expected<Regex, std::string> parse(std::string_view pattern);

  // Why `replacement` cannot stand for what matches: it names a group that is not there; else "".
  std::string replacement_problem(std::string_view replacement) const;

  // `text` with every match replaced, from the left; in `replacement`, $1 ... $99 are groups, $& is
  // the whole match and $$ a dollar sign.
  std::string replace_all(std::string_view text, std::string_view replacement) const;

 private:
  std::shared_ptr<const re2::RE2> pattern_;
};

}  // namespace fdl
