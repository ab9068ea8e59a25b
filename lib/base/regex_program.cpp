// A recursive-descent parser that emits instructions as it reads. Repetitions copy what they
// repeat, so the number of instructions is limited.
#include "lib/base/regex_program.h"

#include <algorithm>
#include <optional>

namespace fdl {
namespace {

using Instruction = Regex::Instruction;
using Kind = Instruction::Kind;
using Code = std::vector<Instruction>;

constexpr std::size_t kMostInstructions = 2000;
constexpr int kDeepestGroups = 32;
constexpr int kMostRepetitions = 100;

bool is_word(int c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// The set that \d, \w, \s or one of their opposites means.
std::optional<Regex::Set> class_of(char letter) {
  Regex::Set out;
  const char lower = static_cast<char>(letter | 0x20);
  for (int c = 0; c < 256; ++c) {
    const auto at = static_cast<std::size_t>(c);
    if (lower == 'd') out[at] = c >= '0' && c <= '9';
    if (lower == 'w') out[at] = is_word(c);
    if (lower == 's') out[at] = c == ' ' || (c >= '\t' && c <= '\r');
  }
  if (out.none()) return std::nullopt;
  return letter == lower ? out : ~out;
}

Regex::Set one(char c) {
  Regex::Set out;
  out.set(static_cast<unsigned char>(c));
  return out;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  tl::expected<RegexProgram, std::string> parse() {
    if (text_.size() > Regex::kLongestPattern)
      return tl::unexpected(fmt::format("it is longer than {} bytes", Regex::kLongestPattern));
    Code body = alternatives(0);
    if (problem_.empty() && at_ < text_.size()) problem_ = "a ')' closes nothing";
    RegexProgram out;
    append(out.instructions, save(0));
    append(out.instructions, body);
    append(out.instructions, save(1));
    out.instructions.emplace_back();
    out.num_groups = num_groups_;
    if (problem_.empty() && out.instructions.size() > kMostInstructions) grown_too_far();
    if (!problem_.empty()) return tl::unexpected(problem_);
    return out;
  }

 private:
  bool more() const { return problem_.empty() && at_ < text_.size(); }
  bool next_is(char c) const { return more() && text_[at_] == c; }
  bool take(char c) {
    if (!next_is(c)) return false;
    ++at_;
    return true;
  }
  void refuse(std::string why) {
    if (problem_.empty()) problem_ = std::move(why);
  }
  void grown_too_far() { refuse("its repetitions make it too large"); }

  static Code save(std::size_t slot) {
    Code out(1);
    out[0].kind = Kind::Save;
    out[0].first = slot;
    return out;
  }
  static Code consume(Regex::Set set) {
    Code out(1);
    out[0].kind = Kind::Set;
    out[0].set = set;
    return out;
  }
  static Code check(Regex::Assertion assertion) {
    Code out(1);
    out[0].kind = Kind::Assert;
    out[0].assertion = assertion;
    return out;
  }
  // Places in code are relative to its start until it is appended.
  static void append(Code& to, const Code& code) {
    const std::size_t base = to.size();
    for (Instruction i : code) {
      if (i.kind == Kind::Split || i.kind == Kind::Jump) {
        i.first += base;
        i.second += base;
      }
      to.push_back(i);
    }
  }
  static void append_split(Code& to, std::size_t first, std::size_t second, bool swaps) {
    Instruction split;
    split.kind = Kind::Split;
    split.first = swaps ? second : first;
    split.second = swaps ? first : second;
    to.push_back(split);
  }
  static void append_jump(Code& to, std::size_t target) {
    Instruction jump;
    jump.kind = Kind::Jump;
    jump.first = target;
    to.push_back(jump);
  }

  Code alternatives(int depth) {
    Code out = sequence(depth);
    while (take('|')) {
      const Code other = sequence(depth);
      Code both;
      append_split(both, 1, out.size() + 2, false);
      append(both, out);
      append_jump(both, out.size() + 2 + other.size());
      append(both, other);
      out = std::move(both);
      if (out.size() > kMostInstructions) grown_too_far();
    }
    return out;
  }

  Code sequence(int depth) {
    Code out;
    while (more() && text_[at_] != '|' && text_[at_] != ')') {
      append(out, repetition(atom(depth)));
      if (out.size() > kMostInstructions) grown_too_far();
    }
    return out;
  }

  Code atom(int depth) {
    const char c = text_[at_++];
    if (c == '(') return group(depth);
    if (c == '[') return consume(set());
    if (c == '^') return check(Regex::Assertion::Start);
    if (c == '$') return check(Regex::Assertion::End);
    if (c == '\\') return escape();
    if (c == '.') return consume(~(one('\n') | one('\r')));
    if (c == '*' || c == '+' || c == '?') refuse(fmt::format("'{}' repeats nothing", c));
    return consume(one(c));
  }

  Code group(int depth) {
    if (depth >= kDeepestGroups) refuse("its groups nest too deeply");
    bool captures = true;
    if (take('?')) {
      captures = false;
      if (!take(':')) refuse("of the groups that begin '(?', only '(?:' is read");
    }
    const std::size_t index = captures ? ++num_groups_ : 0;
    Code out = captures ? save(2 * index) : Code();
    append(out, alternatives(depth + 1));
    if (!take(')')) refuse("a '(' is not closed");
    if (captures) append(out, save(2 * index + 1));
    return out;
  }

  Code escape() {
    if (at_ >= text_.size()) {
      refuse("it ends in a single backslash");
      return {};
    }
    const char c = text_[at_++];
    if (c == 'b') return check(Regex::Assertion::Boundary);
    if (c == 'B') return check(Regex::Assertion::NoBoundary);
    if (c >= '0' && c <= '9') refuse(fmt::format("'\\{}' is not read", c));
    return consume(escaped(c));
  }

  // What `\c` means in or outside a set.
  Regex::Set escaped(char c) {
    if (const auto known = class_of(c)) return *known;
    if (c == 't') return one('\t');
    if (c == 'n') return one('\n');
    if (c == 'r') return one('\r');
    if (is_word(static_cast<unsigned char>(c))) refuse(fmt::format("'\\{}' is not read", c));
    return one(c);
  }

  Regex::Set set() {
    Regex::Set out;
    const bool negated = take('^');
    while (more() && text_[at_] != ']') {
      const bool is_class =
          text_[at_] == '\\' && at_ + 1 < text_.size() && class_of(text_[at_ + 1]);
      const Regex::Set low = member();
      if (is_class || !next_is('-') || at_ + 1 >= text_.size() || text_[at_ + 1] == ']') {
        out |= low;
        continue;
      }
      ++at_;
      add_range(low, member(), out);
    }
    if (!take(']')) refuse("a '[' has no ']'");
    return negated ? ~out : out;
  }

  Regex::Set member() {
    const char c = text_[at_++];
    if (c != '\\') return one(c);
    if (at_ < text_.size()) return escaped(text_[at_++]);
    refuse("it ends in a single backslash");
    return {};
  }

  void add_range(const Regex::Set& low, const Regex::Set& high, Regex::Set& out) {
    if (low.count() != 1 || high.count() != 1) return refuse("a range needs two characters");
    const std::size_t first = low._Find_first(), last = high._Find_first();
    if (first > last) return refuse("a range is empty");
    for (std::size_t c = first; c <= last; ++c) out.set(c);
  }

  // A number in braces; -1 when there is none.
  int number() {
    int out = -1;
    while (more() && text_[at_] >= '0' && text_[at_] <= '9' && out <= kMostRepetitions)
      out = (out < 0 ? 0 : out * 10) + (text_[at_++] - '0');
    return out;
  }

  Code repetition(const Code& body) {
    int least = 1, most = 1;  // most < 0: without end
    if (take('*')) {
      least = 0, most = -1;
    } else if (take('+')) {
      most = -1;
    } else if (take('?')) {
      least = 0;
    } else if (take('{')) {
      least = most = number();
      if (take(',')) most = next_is('}') ? -1 : number();
      const bool fine = take('}') && least >= 0 && (most < 0 || most >= least) &&
                        least <= kMostRepetitions && most <= kMostRepetitions;
      if (!fine) refuse(fmt::format("'{{' needs counts up to {}, as in {{2,3}}", kMostRepetitions));
    } else {
      return body;
    }
    const bool is_lazy = take('?');
    if (next_is('*') || next_is('+') || next_is('?') || next_is('{'))
      refuse(fmt::format("'{}' repeats a repetition", text_[at_]));
    return problem_.empty() ? repeated(body, least, most, is_lazy) : Code();
  }

  Code repeated(const Code& body, int least, int most, bool is_lazy) {
    Code out;
    const auto num_copies = static_cast<std::size_t>(std::max(least, most));
    if (body.size() * num_copies > kMostInstructions) {
      grown_too_far();
      return out;
    }
    for (int i = 0; i < least; ++i) append(out, body);
    if (most < 0) {
      const std::size_t start = out.size();
      append_split(out, start + 1, start + 2 + body.size(), is_lazy);
      append(out, body);
      append_jump(out, start);
      return out;
    }
    const std::size_t end = out.size() + static_cast<std::size_t>(most - least) * (body.size() + 1);
    for (int i = least; i < most; ++i) {
      append_split(out, out.size() + 1, end, is_lazy);
      append(out, body);
    }
    return out;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t num_groups_ = 0;
  std::string problem_;
};

}  // namespace

tl::expected<RegexProgram, std::string> compile_regex(std::string_view pattern) {
  return Parser(pattern).parse();
}

}  // namespace fdl
