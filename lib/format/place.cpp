#include "lib/format/place.h"

#include <algorithm>
#include <limits>
#include <string>

namespace fdl::format {
namespace {

// A longer line, or one further down, is named but not shown.
constexpr std::size_t kLongestShown = 200;
constexpr std::uint64_t kLastShown = 1'000'000;

int as_int(std::uint64_t number) {
  return static_cast<int>(std::min<std::uint64_t>(number, std::numeric_limits<int>::max()));
}

}  // namespace

Span place_in(const std::filesystem::path& path, const Place& place, std::string_view line_text,
              std::size_t length) {
  std::string text;
  if (line_text.size() <= kLongestShown && place.line <= kLastShown)
    text = std::string(place.line - 1, '\n') + std::string(line_text);
  return {std::make_shared<const Source>(Source{path.string(), std::move(text), true}),
          as_int(place.line), as_int(place.column), as_int(length)};
}

}  // namespace fdl::format
