#include "commands/sweep/sweep_folder.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "lib/base/files.h"
#include "lib/monitor/event_reader.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

Diagnostic unreadable(const fs::path& file) {
  return error(Code::RunMissing, {}, "'{}' does not hold a sweep", file.string())
      .help("remove its folder; `fdl sweep` begins anew");
}

Result<SweepFolder> read_sweep_json(SweepFolder out) {
  const fs::path file = out.path / "sweep.json";
  const Result<std::string> text = read_file(file, 1 << 26);
  if (!text) return fail(text.error());
  const nlohmann::json from = nlohmann::json::parse(*text, nullptr, false);
  const bool is_whole = from.is_object() && from.contains("threads") &&
                        from["threads"].is_number_integer() && from.contains("points") &&
                        from["points"].is_array();
  if (!is_whole) return fail(unreadable(file));
  out.threads = from["threads"].get<std::int64_t>();
  out.points.clear();
  for (const nlohmann::json& point : from["points"]) {
    if (!point.is_array()) return fail(unreadable(file));
    job::SweepPoint& values = out.points.emplace_back();
    for (const nlohmann::json& value : point) {
      if (!value.is_string()) return fail(unreadable(file));
      values.push_back(value.get<std::string>());
    }
  }
  return out;
}

}  // namespace

std::string SweepFolder::name_of(std::size_t point) const {
  return fmt::format("point-{:03}", point + 1);
}

fs::path SweepFolder::run_of(std::size_t point) const { return path / name_of(point); }

Result<SweepFolder> open_sweep(const fs::path& path, const job::Sweep& sweep,
                               std::int64_t threads) {
  SweepFolder out{path, sweep, job::sweep_rungs(sweep), job::sweep_points(sweep), threads};
  std::error_code code;
  if (fs::exists(path / "sweep.json", code)) return read_sweep_json(std::move(out));
  FDL_TRY(make_folders(path));
  const ordered_json about = {{"metric", sweep.metric},
                              {"mode", sweep.is_max ? "max" : "min"},
                              {"threads", threads},
                              {"rungs", out.rungs},
                              {"points", out.points}};
  const std::string text = about.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  FDL_TRY(write_atomic(path / "sweep.json", text));
  return out;
}

bool is_complete(const runs::RunSummary& run, double share) {
  if (run.state == "done" || run.state == "early stop" || run.state == "out of time") return true;
  return run.state == "paused" && run.step >= job::steps_of_share(share, run.total_steps);
}

PointState state_of_point(const SweepFolder& folder, std::size_t point, double share) {
  PointState out{point, runs::summarize(folder.run_of(point)), std::nullopt};
  const double last_step =
      share < 1 ? static_cast<double>(job::steps_of_share(share, out.run.total_steps)) : HUGE_VAL;
  for (const monitor::Event& event : monitor::read_events(out.run.path / "events.jsonl", {"steps", "resources"})) {
    const auto value = event.number(folder.sweep.metric);
    const bool counts = (event.kind == "epoch" || event.kind == "eval") && value &&
                        std::isfinite(*value) && event.number("step").value_or(0) <= last_step;
    if (!counts) continue;
    const bool is_better =
        !out.value || (folder.sweep.is_max ? *value > *out.value : *value < *out.value);
    if (is_better) out.value = value;
  }
  return out;
}

void rank(std::vector<PointState>& points, bool is_max) {
  std::stable_sort(points.begin(), points.end(), [&](const PointState& a, const PointState& b) {
    if (!a.value || !b.value) return a.value.has_value() && !b.value.has_value();
    return is_max ? *a.value > *b.value : *a.value < *b.value;
  });
}

}  // namespace fdl::commands
