#include "lib/job/duration.h"

#include <array>
#include <cmath>

#include "lib/config/number.h"

namespace fdl::job {
namespace {

struct Unit {
  std::array<std::string_view, 4> names;
  double seconds;
};
constexpr Unit kUnits[] = {{{"s", "sec", "second", "seconds"}, 1},
                           {{"m", "min", "minute", "minutes"}, 60},
                           {{"h", "hr", "hour", "hours"}, 3600},
                           {{"d", "d", "day", "days"}, 86400}};

}  // namespace

std::optional<double> parse_duration(std::string_view text) {
  const std::size_t end = text.find_last_of("0123456789.");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(0, end + 1);
  if (digits.find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
  const auto number = config::parse_number(digits);
  std::string_view unit = text.substr(end + 1);
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  if (!number || !std::isfinite(*number) || *number <= 0) return std::nullopt;
  for (const Unit& known : kUnits) {
    for (const std::string_view name : known.names) {
      if (unit == name) return *number * known.seconds;
    }
  }
  return std::nullopt;
}

}  // namespace fdl::job
