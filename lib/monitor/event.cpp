#include "lib/monitor/event.h"

#include <cmath>

#include <nlohmann/json.hpp>

namespace fdl::monitor {

std::optional<double> Event::number(const std::string& key) const {
  const auto found = numbers.find(key);
  return found != numbers.end() ? std::optional(found->second) : std::nullopt;
}

std::string Event::text(const std::string& key) const {
  const auto found = texts.find(key);
  return found != texts.end() ? found->second : "";
}

std::string to_json_line(const Event& event) {
  nlohmann::ordered_json out = {{"event", event.kind}, {"time_s", event.time_s}};
  for (const auto& [key, value] : event.numbers) {
    constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
    if (!std::isfinite(value)) {
      out[key] = std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
    } else if (value == std::floor(value) && std::abs(value) < kExactIntegers) {
      out[key] = static_cast<std::int64_t>(value);
    } else {
      out[key] = value;
    }
  }
  for (const auto& [key, value] : event.texts) out[key] = value;
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::optional<Event> parse_event(std::string_view line) {
  const nlohmann::json parsed = nlohmann::json::parse(line, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("event") || !parsed["event"].is_string())
    return std::nullopt;
  Event out;
  for (const auto& [key, value] : parsed.items()) {
    if (key == "event")
      out.kind = value.get<std::string>();
    else if (key == "time_s" && value.is_number())
      out.time_s = value.get<double>();
    else if (value.is_number())
      out.numbers[key] = value.get<double>();
    else if (value.is_string())
      out.texts[key] = value.get<std::string>();
  }
  return out;
}

}  // namespace fdl::monitor
