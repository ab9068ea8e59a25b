#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace fdl {

// A regular expression of one-byte characters in ECMAScript's syntax, without what needs
// backtracking: literals, `.`, sets, \d \w \s and their opposites, ^ $ \b \B, groups, `|`, and
// * + ? {m,n} with their lazy forms; no \1 and no look-around. A search takes time proportional to
// pattern times text, whatever the pattern.
// Source: Thompson 1968, "Regular expression search algorithm"; captures as in Pike's sam.
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

  using Set = std::bitset<256>;
  enum class Assertion { Start, End, Boundary, NoBoundary };
  struct Instruction {
    enum class Kind { Set, Split, Jump, Save, Assert, Match };
    Kind kind = Kind::Match;
    Set set;
    std::size_t first = 0, second = 0;  // Split: where to go, the first rather; Save: the slot
    Assertion assertion = Assertion::Start;
  };

 private:
  std::vector<Instruction> program_;
  std::size_t num_groups_ = 0;
};

}  // namespace fdl
