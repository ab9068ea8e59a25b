// All threads of the program walk through the text together, the preferred ones first, so that no
// place is visited twice.
#include "lib/base/regex.h"

#include <algorithm>
#include <optional>

#include "lib/base/regex_program.h"

namespace fdl {
namespace {

using Instruction = Regex::Instruction;
using Kind = Instruction::Kind;
using Slots = std::vector<std::size_t>;  // begin and end of the match and of each group

constexpr std::size_t kUnset = SIZE_MAX;

bool is_word_at(std::string_view text, std::size_t at) {
  if (at >= text.size()) return false;
  const char c = text[at];
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool holds(Regex::Assertion assertion, std::string_view text, std::size_t at) {
  const bool before = at > 0 && is_word_at(text, at - 1), here = is_word_at(text, at);
  switch (assertion) {
    case Regex::Assertion::Start:
      return at == 0;
    case Regex::Assertion::End:
      return at == text.size();
    case Regex::Assertion::Boundary:
      return before != here;
    case Regex::Assertion::NoBoundary:
      return before == here;
  }
  return false;
}

class Search {
 public:
  Search(const std::vector<Instruction>& program, std::size_t num_groups, std::string_view text)
      : program_(program), num_slots_(2 * num_groups + 2), text_(text) {}

  // The first match that begins at `from` or later.
  std::optional<Slots> find(std::size_t from) {
    std::vector<Thread> now, next;
    std::optional<Slots> found;
    for (std::size_t at = from; at <= text_.size(); ++at) {
      visited_.assign(program_.size(), false);
      std::vector<Thread> ready;
      for (Thread& thread : now) add(ready, thread.place, std::move(thread.slots), at);
      if (!found) add(ready, 0, Slots(num_slots_, kUnset), at);
      next.clear();
      for (Thread& thread : ready) {
        const Instruction& i = program_[thread.place];
        if (i.kind == Kind::Match) {
          found = std::move(thread.slots);
          break;  // what follows is less preferred
        }
        if (at < text_.size() && i.set[static_cast<unsigned char>(text_[at])])
          next.push_back({thread.place + 1, std::move(thread.slots)});
      }
      std::swap(now, next);
      if (found && now.empty()) return found;
    }
    return found;
  }

 private:
  struct Thread {
    std::size_t place;
    Slots slots;
  };

  // Follows what consumes no character.
  void add(std::vector<Thread>& ready, std::size_t place, Slots slots, std::size_t at) {
    if (visited_[place]) return;
    visited_[place] = true;
    const Instruction& i = program_[place];
    switch (i.kind) {
      case Kind::Jump:
        return add(ready, i.first, std::move(slots), at);
      case Kind::Split:
        add(ready, i.first, slots, at);
        return add(ready, i.second, std::move(slots), at);
      case Kind::Save:
        slots[i.first] = at;
        return add(ready, place + 1, std::move(slots), at);
      case Kind::Assert:
        if (holds(i.assertion, text_, at)) add(ready, place + 1, std::move(slots), at);
        return;
      case Kind::Set:
      case Kind::Match:
        ready.push_back({place, std::move(slots)});
    }
  }

  const std::vector<Instruction>& program_;
  std::size_t num_slots_;
  std::string_view text_;
  std::vector<bool> visited_;
};

// One piece of a replacement: a character, or a group by its number.
struct Piece {
  std::string_view text;
  std::optional<std::size_t> group;
};

bool is_digit(std::string_view text, std::size_t at) {
  return at < text.size() && text[at] >= '0' && text[at] <= '9';
}

std::vector<Piece> pieces(std::string_view replacement, std::size_t num_groups) {
  std::vector<Piece> out;
  for (std::size_t at = 0; at < replacement.size();) {
    const char next = at + 1 < replacement.size() ? replacement[at + 1] : 0;
    if (replacement[at] != '$' || (next != '$' && next != '&' && !is_digit(replacement, at + 1))) {
      out.push_back({replacement.substr(at++, 1), std::nullopt});
      continue;
    }
    at += 2;
    if (next == '$') out.push_back({"$", std::nullopt});
    if (next == '&') out.push_back({"", 0});
    if (next == '$' || next == '&') continue;
    auto group = static_cast<std::size_t>(next - '0');
    // Two digits where there are so many groups.
    if (is_digit(replacement, at)) {
      const std::size_t both = 10 * group + static_cast<std::size_t>(replacement[at] - '0');
      if (both <= num_groups) group = both, ++at;
    }
    out.push_back({"", group});
  }
  return out;
}

}  // namespace

tl::expected<Regex, std::string> Regex::parse(std::string_view pattern) {
  auto program = compile_regex(pattern);
  if (!program) return tl::unexpected(program.error());
  Regex out;
  out.program_ = std::move(program->instructions);
  out.num_groups_ = program->num_groups;
  return out;
}

std::string Regex::replacement_problem(std::string_view replacement) const {
  for (const Piece& piece : pieces(replacement, num_groups_)) {
    if (piece.group && *piece.group > num_groups_)
      return fmt::format("it has {} groups, and no ${}", num_groups_, *piece.group);
  }
  return "";
}

std::string Regex::replace_all(std::string_view text, std::string_view replacement) const {
  const std::vector<Piece> parts = pieces(replacement, num_groups_);
  Search search(program_, num_groups_, text);
  std::string out;
  std::size_t copied = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const std::optional<Slots> found = search.find(at);
    if (!found) break;
    const std::size_t begin = (*found)[0], end = (*found)[1];
    out += text.substr(copied, begin - copied);
    for (const Piece& part : parts) {
      out += part.text;
      if (!part.group) continue;
      const std::size_t first = (*found)[2 * *part.group], last = (*found)[2 * *part.group + 1];
      if (first != kUnset && last != kUnset) out += text.substr(first, last - first);
    }
    copied = end;
    at = end > begin ? end : end + 1;  // what is empty moves on by one
  }
  return out += text.substr(std::min(copied, text.size()));
}

}  // namespace fdl
