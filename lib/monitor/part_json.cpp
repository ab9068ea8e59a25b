#include "lib/monitor/part_json.h"

#include <cmath>

#include <nlohmann/json.hpp>

namespace fdl::monitor {
namespace {

using nlohmann::ordered_json;

// A time to the millisecond: more digits say nothing and fill a document.
double rounded_time(double seconds) { return std::round(seconds * 1e3) / 1e3; }

ordered_json column(const std::vector<double>& values) {
  ordered_json out = ordered_json::array();
  for (const double value : values) out.push_back(number_json(value));
  return out;
}

}  // namespace

ordered_json to_json(const Series& series) {
  ordered_json times = ordered_json::array();
  for (const double time_s : series.time_s) times.push_back(number_json(rounded_time(time_s)));
  return {
      {"step", column(series.step)}, {"time", std::move(times)}, {"value", column(series.value)}};
}

ordered_json to_json(const Status& status) {
  ordered_json out = ordered_json::object();
  if (!status.state.empty()) out["state"] = status.state;
  if (status.message) out["message"] = *status.message;
  if (status.last_words) out["last_words"] = *status.last_words;
  const std::pair<const char*, std::optional<double>> numbers[] = {
      {"step", status.step},
      {"total_steps", status.total_steps},
      {"epoch", status.epoch},
      {"epochs", status.epochs},
      {"seconds", status.seconds},
      {"eta_s", status.eta_s},
      {"samples_per_s", status.samples_per_s}};
  for (const auto& [key, value] : numbers) {
    if (value) out[key] = number_json(*value);
  }
  return out;
}

ordered_json to_json(const Part& part) {
  ordered_json out = ordered_json::object();
  for (const auto& [name, series] : part.series) out["series"][name] = to_json(series);
  for (const Mark& mark : part.marks) {
    out["marks"].push_back({{"kind", mark.kind},
                            {"step", number_json(mark.step)},
                            {"time", number_json(rounded_time(mark.time_s))},
                            {"text", mark.text}});
  }
  for (const auto& [name, seen] : part.tables) {
    ordered_json rows = ordered_json::array();
    for (const std::vector<double>& row : seen.table.rows) rows.push_back(column(row));
    out["tables"][name] = {
        {"step", number_json(seen.step)}, {"labels", seen.table.labels}, {"rows", std::move(rows)}};
  }
  if (ordered_json status = to_json(part.status); !status.empty())
    out["status"] = std::move(status);
  return out;
}

std::string to_line(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace fdl::monitor
