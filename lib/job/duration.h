#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fdl::job {

// Seconds of "90s", "5 minutes", "2h" or "1.5 days"; empty when it is none, or not above 0.
std::optional<double> parse_duration(std::string_view text);

// What the forms are, for messages.
inline constexpr const char* kDurationForms = "write `90s`, `5 minutes` or `2h`";

}  // namespace fdl::job
