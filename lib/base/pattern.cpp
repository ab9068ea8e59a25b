#include "lib/base/pattern.h"

#include <algorithm>

#include <fmt/format.h>

namespace fdl {

// From `at`, behind the bracket, to behind the closing one. Gives what is wrong, or "".
std::string Pattern::parse_set(std::string_view text, std::size_t& at, Token& token) {
  token.kind = Token::Kind::Set;
  if (at < text.size() && (text[at] == '!' || text[at] == '^')) {
    token.is_negated = true;
    ++at;
  }
  const std::size_t first = at;
  for (; at < text.size() && (text[at] != ']' || at == first); ++at) {
    const bool is_range = at + 2 < text.size() && text[at + 1] == '-' && text[at + 2] != ']';
    const char low = text[at], high = is_range ? text[at + 2] : low;
    if (low > high) return fmt::format("the range '{}-{}' is empty", low, high);
    for (int c = low; c <= high; ++c) token.set += static_cast<char>(c);
    if (is_range) at += 2;
  }
  if (at >= text.size()) return "a '[' has no ']'";
  ++at;
  return "";
}

tl::expected<Pattern, std::string> Pattern::parse(std::string_view text) {
  using Kind = Token::Kind;
  Pattern out;
  out.alternatives_.emplace_back();
  for (std::size_t at = 0; at < text.size();) {
    Alternative& tokens = out.alternatives_.back();
    Token token;
    const char c = text[at++];
    if (c == '|') {
      if (tokens.empty()) return tl::unexpected(std::string("an alternative is empty"));
      out.alternatives_.emplace_back();
      continue;
    }
    if (c == '*') {
      const bool crosses = tokens.empty() || (at < text.size() && text[at] == '*');
      while (at < text.size() && text[at] == '*') ++at;
      token.kind = crosses ? Kind::Everything : Kind::Star;
      if (crosses && at < text.size() && text[at] == '.') {
        token.kind = Kind::Segments;
        ++at;
      }
    } else if (c == '?') {
      token.kind = Kind::Any;
    } else if (c == '[') {
      const std::string why = parse_set(text, at, token);
      if (!why.empty()) return tl::unexpected(why);
    } else {
      token.character = c;
    }
    tokens.push_back(std::move(token));
  }
  if (out.alternatives_.back().empty())
    return tl::unexpected(std::string("an alternative is empty"));
  return out;
}

// Keeps the set of places that the tokens so far can end at: time grows with pattern times path.
bool Pattern::matches(const Alternative& alternative, std::string_view path) {
  using Kind = Token::Kind;
  const std::size_t size = path.size();
  std::vector<bool> ends(size + 1, false);
  ends[0] = true;
  for (const Token& token : alternative) {
    std::vector<bool> next(size + 1, false);
    bool reached = false;  // of Segments: some earlier place was an end
    for (std::size_t i = 0; i <= size; ++i) {
      const bool is_start = i == 0 || path[i - 1] == '.';
      switch (token.kind) {
        case Kind::Star:
          next[i] = next[i] || ends[i];
          if (i < size && next[i] && path[i] != '.') next[i + 1] = true;
          break;
        case Kind::Everything:
          next[i] = ends[i] || (i > 0 && next[i - 1]);
          break;
        case Kind::Segments:
          reached = reached || ends[i];
          next[i] = is_start && reached;
          break;
        case Kind::Character:
          if (i < size && ends[i] && path[i] == token.character) next[i + 1] = true;
          break;
        case Kind::Any:
          if (i < size && ends[i] && path[i] != '.') next[i + 1] = true;
          break;
        case Kind::Set:
          if (i < size && ends[i] && path[i] != '.' &&
              (token.set.find(path[i]) != std::string::npos) != token.is_negated)
            next[i + 1] = true;
          break;
      }
    }
    ends = std::move(next);
  }
  for (std::size_t i = 0; i <= size; ++i) {
    if (ends[i] && (i == size || path[i] == '.')) return true;
  }
  return false;
}

bool Pattern::matches(std::string_view path) const {
  return std::any_of(alternatives_.begin(), alternatives_.end(),
                     [&](const Alternative& a) { return matches(a, path); });
}

}  // namespace fdl
