#include "lib/monitor/event.h"

#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

namespace fdl::monitor {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::optional<double> number_of(const json& value) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (value.is_number()) return value.get<double>();
  if (value == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (value == "inf") return kInfinity;
  if (value == "-inf") return -kInfinity;
  return std::nullopt;
}

std::optional<std::vector<double>> numbers_of(const json& value) {
  if (!value.is_array()) return {};
  std::vector<double> out;
  for (const json& one : value) {
    const auto number = number_of(one);
    if (!number) return {};
    out.push_back(*number);
  }
  return out;
}

std::optional<Table> table_of(const json& value) {
  if (!value.is_object() || !value.contains("labels") || !value.contains("rows")) return {};
  if (!value["labels"].is_array() || !value["rows"].is_array()) return {};
  Table out;
  for (const json& label : value["labels"]) {
    if (!label.is_string()) return {};
    out.labels.push_back(label.get<std::string>());
  }
  for (const json& row : value["rows"]) {
    auto numbers = numbers_of(row);
    if (!numbers) return {};
    out.rows.push_back(*std::move(numbers));
  }
  return out;
}

ordered_json numbers_json(const std::vector<double>& values) {
  ordered_json out = ordered_json::array();
  for (const double value : values) out.push_back(number_json(value));
  return out;
}

}  // namespace

ordered_json number_json(double value) {
  constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  if (value == std::floor(value) && std::abs(value) < kExactIntegers)
    return static_cast<std::int64_t>(value);
  return value;
}

std::optional<double> Event::number(const std::string& key) const {
  const auto found = numbers.find(key);
  return found != numbers.end() ? std::optional(found->second) : std::nullopt;
}

std::string Event::text(const std::string& key) const {
  const auto found = texts.find(key);
  return found != texts.end() ? found->second : "";
}

void Measures::add(const Measures& other) {
  for (const auto& [key, value] : other.numbers) numbers[key] = value;
  for (const auto& [key, table] : other.tables) tables[key] = table;
}

void Event::add(const Measures& measures) {
  for (const auto& [key, value] : measures.numbers) numbers[key] = value;
  for (const auto& [key, table] : measures.tables) tables[key] = table;
}

std::string to_json_line(const Event& event) {
  ordered_json out = {{"event", event.kind}, {"time_s", event.time_s}};
  for (const auto& [key, value] : event.numbers) out[key] = number_json(value);
  for (const auto& [key, value] : event.texts) out[key] = value;
  for (const auto& [key, table] : event.tables) {
    ordered_json rows = ordered_json::array();
    for (const std::vector<double>& row : table.rows) rows.push_back(numbers_json(row));
    out[key] = {{"labels", table.labels}, {"rows", std::move(rows)}};
  }
  for (const auto& [key, values] : event.series) out[key] = numbers_json(values);
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::optional<Event> parse_event(std::string_view line) {
  const json parsed = json::parse(line, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("event") || !parsed["event"].is_string())
    return std::nullopt;
  Event out;
  for (const auto& [key, value] : parsed.items()) {
    if (key == "event")
      out.kind = value.get<std::string>();
    else if (key == "time_s" && value.is_number())
      out.time_s = value.get<double>();
    else if (const auto number = number_of(value))
      out.numbers[key] = *number;
    else if (value.is_string())
      out.texts[key] = value.get<std::string>();
    else if (auto table = table_of(value))
      out.tables[key] = std::move(*table);
    else if (auto values = numbers_of(value))
      out.series[key] = std::move(*values);
  }
  return out;
}

}  // namespace fdl::monitor
