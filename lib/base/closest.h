#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fdl {

// Damerau-Levenshtein distance (optimal string alignment), ignoring ASCII case.
int edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `text`, within max(1, length / 3) edits; the first of equals.
std::optional<std::string> closest(std::string_view text,
                                   const std::vector<std::string>& candidates);

// "a, b or c"; at most `limit` names, then "...".
std::string one_of(const std::vector<std::string>& names, std::size_t limit = 12);

}  // namespace fdl
