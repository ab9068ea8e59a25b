#include "lib/base/regex.h"

#include <algorithm>
#include <optional>
#include <re2/re2.h>
#include <vector>

#include <fmt/format.h>

namespace fdl {
namespace {

constexpr std::int64_t kMostMemory = 1 << 20;  // bytes of a compiled pattern and its search

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

std::size_t num_groups(const re2::RE2& pattern) {
  return static_cast<std::size_t>(pattern.NumberOfCapturingGroups());
}

}  // namespace

tl::expected<Regex, std::string> Regex::parse(std::string_view pattern) {
  if (pattern.size() > kLongestPattern)
    return tl::unexpected(fmt::format("it is longer than {} bytes", kLongestPattern));
  re2::RE2::Options options(re2::RE2::Latin1);
  options.set_log_errors(false);
  options.set_max_mem(kMostMemory);
  Regex out;
  out.pattern_ =
      std::make_shared<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!out.pattern_->ok()) return tl::unexpected(out.pattern_->error());
  return out;
}

std::string Regex::replacement_problem(std::string_view replacement) const {
  const std::size_t groups = num_groups(*pattern_);
  for (const Piece& piece : pieces(replacement, groups)) {
    if (piece.group && *piece.group > groups)
      return fmt::format("it has {} groups, and no ${}", groups, *piece.group);
  }
  return "";
}

std::string Regex::replace_all(std::string_view text, std::string_view replacement) const {
  const std::vector<Piece> parts = pieces(replacement, num_groups(*pattern_));
  const re2::StringPiece whole(text.data(), text.size());
  std::vector<re2::StringPiece> groups(num_groups(*pattern_) + 1);
  std::string out;
  std::size_t copied = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const bool found = pattern_->Match(whole, at, text.size(), re2::RE2::UNANCHORED, groups.data(),
                                       static_cast<int>(groups.size()));
    if (!found) break;
    const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
    const std::size_t end = begin + groups[0].size();
    out += text.substr(copied, begin - copied);
    for (const Piece& part : parts) {
      out += part.text;
      if (part.group) out.append(groups[*part.group].data(), groups[*part.group].size());
    }
    copied = end;
    at = end > begin ? end : end + 1;  // what is empty moves on by one
  }
  return out += text.substr(std::min(copied, text.size()));
}

}  // namespace fdl
