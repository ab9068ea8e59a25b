#include "lib/monitor/timeline.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "lib/base/files.h"
#include "lib/base/html.h"
#include "lib/monitor/event_reader.h"
#include "lib/monitor/part_json.h"
#include "lib/monitor/plot.h"

namespace fdl::monitor {
namespace {

using nlohmann::ordered_json;

struct Placed {
  double t_ms = 0;
  Event event;
};

std::vector<Placed> with_times(std::vector<Event> events) {
  std::vector<Placed> out;
  RunClock clock;
  for (Event& event : events) {
    const double t_ms = std::round(1e3 * clock.take(event));
    out.push_back({t_ms, std::move(event)});
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

// The values of some keys over the seconds; those that were never measured are left out.
std::string curves_html(const std::vector<Placed>& samples, const std::string& title,
                        const std::vector<std::string>& keys, double unit) {
  std::vector<Curve> curves;
  for (const std::string& key : keys) {
    Curve curve{key, {}};
    for (const Placed& one : samples) {
      if (const auto value = one.event.number(key))
        curve.series.add(one.event.number("step").value_or(0), one.t_ms / 1000, *value / unit);
    }
    if (curve.series.size() > 0) curves.push_back({curve.label, thinned(curve.series, 2000)});
  }
  PlotSpec spec;
  spec.title = title;
  spec.axis = Axis::Time;
  return curves.empty() ? "" : plot_svg(curves, spec);
}

std::string html_of(const std::vector<Placed>& samples, const std::vector<Placed>& happened,
                    std::size_t gpus) {
  constexpr double kGibi = 1 << 30;
  std::vector<std::string> busy = {"cpu_percent"}, held = {"ram_bytes", "rss_bytes"};
  for (std::size_t i = 0; i < gpus; ++i) {
    busy.push_back(fmt::format("gpu{}_percent", i));
    held.push_back(fmt::format("gpu{}_memory_bytes", i));
  }
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>timeline</title>\n"
      "<style>body{font:14px sans-serif;margin:2em auto;max-width:60em}svg{width:100%}"
      "td,th{text-align:left;padding:.1em 1em .1em 0}</style>\n<h1>Timeline</h1>\n";
  out += curves_html(samples, "busy, percent", busy, 1);
  out += curves_html(samples, "memory, GiB", held, kGibi);
  out +=
      "<table><caption>What happened</caption>\n<tr><th scope=\"col\">second<th scope=\"col\">step"
      "<th scope=\"col\">what</tr>\n";
  for (const Placed& one : happened) {
    const auto step = one.event.number("step");
    out += fmt::format("<tr><td>{:.1f}<td>{}<td>{}</tr>\n", one.t_ms / 1000,
                       step ? fmt::format("{}", *step) : "", html_escaped(one.event.kind));
  }
  return out + "</table>\n</html>\n";
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
  FDL_TRY(write_atomic(run / "timeline.csv", csv_of(samples, gpus)));
  return write_atomic(run / "timeline.html", html_of(samples, happened, gpus));
}

}  // namespace fdl::monitor
