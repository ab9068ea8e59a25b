#include "lib/monitor/timeline.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "lib/base/files.h"
#include "lib/monitor/event_reader.h"
#include "lib/monitor/part_json.h"

namespace fdl::monitor {
namespace {

using nlohmann::ordered_json;

struct Placed {
  double t_ms = 0;
  Event event;
};

std::vector<Placed> with_times(std::vector<Event> events) {
  std::vector<Placed> out;
  double before_s = 0, last_s = 0;
  for (Event& event : events) {
    if (event.kind == "start") before_s += std::exchange(last_s, 0.0);
    last_s = std::max(last_s, event.time_s);
    out.push_back({std::round(1e3 * (before_s + event.time_s)), std::move(event)});
  }
  return out;
}

std::size_t num_gpus(const std::vector<Placed>& samples) {
  std::size_t out = 0;
  for (const Placed& one : samples) {
    while (one.event.number(fmt::format("gpu{}_percent", out)) ||
           one.event.number(fmt::format("gpu{}_memory_bytes", out)))
      ++out;
  }
  return out;
}

void put(ordered_json& to, const char* key, const std::optional<double>& value) {
  if (value) to[key] = number_json(*value);
}

ordered_json sample_json(const Placed& one, std::size_t gpus) {
  ordered_json out = {{"t", number_json(one.t_ms)}};
  put(out, "cpu", one.event.number("cpu_percent"));
  const auto used = one.event.number("ram_bytes"), total = one.event.number("ram_total_bytes");
  if (used && total) out["ram"] = {number_json(*used), number_json(*total)};
  put(out, "rss", one.event.number("rss_bytes"));
  for (std::size_t i = 0; i < gpus; ++i) {
    ordered_json gpu = {{"d", i}};
    put(gpu, "u", one.event.number(fmt::format("gpu{}_percent", i)));
    put(gpu, "vu", one.event.number(fmt::format("gpu{}_memory_bytes", i)));
    put(gpu, "vt", one.event.number(fmt::format("gpu{}_memory_total_bytes", i)));
    if (gpu.size() > 1) out["gpus"].push_back(std::move(gpu));
  }
  return out;
}

ordered_json event_json(const Placed& one) {
  const Event& event = one.event;
  ordered_json out = {{"t", number_json(one.t_ms)},
                      {"k", event.kind == "epoch" ? "epoch_end" : event.kind}};
  for (const auto& [key, value] : event.numbers) out[key] = number_json(value);
  for (const auto& [key, value] : event.texts) out[key] = value;
  return out;
}

std::string csv_of(const std::vector<Placed>& samples, std::size_t gpus) {
  std::vector<std::string> keys = {"cpu_percent", "ram_bytes", "ram_total_bytes", "rss_bytes"};
  std::string out = "elapsed_ms,cpu,ram_used,ram_total,rss";
  for (std::size_t i = 0; i < gpus; ++i) {
    out += fmt::format(",gpu{0}_util,gpu{0}_used,gpu{0}_total", i);
    for (const char* key : {"percent", "memory_bytes", "memory_total_bytes"})
      keys.push_back(fmt::format("gpu{}_{}", i, key));
  }
  out += "\n";
  for (const Placed& one : samples) {
    out += fmt::format("{}", one.t_ms);
    for (const std::string& key : keys) {
      const auto value = one.event.number(key);
      out += value ? fmt::format(",{}", *value) : ",";
    }
    out += "\n";
  }
  return out;
}

}  // namespace

Result<void> write_timeline(const std::filesystem::path& events, const std::filesystem::path& run) {
  std::vector<Placed> samples, happened;
  for (Placed& one : with_times(read_events(events, {"steps", "progress", "observe"}))) {
    const bool is_sample = one.event.kind == "resources";
    (is_sample ? samples : happened).push_back(std::move(one));
  }
  if (samples.empty()) return {};
  const std::size_t gpus = num_gpus(samples);
  ordered_json out = {{"samples", ordered_json::array()}, {"events", ordered_json::array()}};
  for (const Placed& one : samples) out["samples"].push_back(sample_json(one, gpus));
  for (const Placed& one : happened) out["events"].push_back(event_json(one));
  FDL_TRY(write_atomic(run / "timeline.json", to_line(out) + "\n"));
  return write_atomic(run / "timeline.csv", csv_of(samples, gpus));
}

}  // namespace fdl::monitor
