#include <algorithm>
#include <thread>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "commands/command.h"
#include "commands/sweep/sweep_runner.h"
#include "commands/table.h"
#include "lib/base/files.h"
#include "lib/base/sha256.h"
#include "lib/config/show.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;

struct Options {
  ManifestChoice manifest;
  std::int64_t jobs = 1;
  bool dry_run = false;
  bool json = false;
};

std::optional<ReadyJob> job_of(const ChosenManifest& chosen, const job::SweepPoint& point,
                               Context& context, int& code) {
  ChosenManifest with_values = chosen;
  for (const std::string& value : point) with_values.selection.overrides.push_back(value);
  Diagnostics problems;
  auto manifest = load(with_values, context, problems);
  return make_ready(std::move(manifest), true, problems, context, code);
}

// Named by what it is of: the same manifest goes on where it was, another one begins anew.
fs::path folder_of(const ReadyJob& ready) {
  config::Node root = ready.manifest.root;
  root.erase("commands");
  root.erase("description");
  constexpr std::size_t kDigits = 8;
  const std::string hash = sha256_hex(config::to_json(root, false, -1)).substr(0, kDigits);
  return job::group_folder(ready.output_dir(), ready.checked.graph->name) / ("sweep-" + hash);
}

std::int64_t threads_for(std::int64_t jobs, const Context& context) {
  const auto given = config::parse_integer(context.variable("FDL_THREADS"));
  if (given && *given > 0) return *given;
  const std::int64_t cores = std::max<std::int64_t>(1, std::thread::hardware_concurrency());
  return std::max<std::int64_t>(1, cores / jobs);
}

std::vector<std::vector<std::string>> ranking_rows(const SweepFolder& folder,
                                                   const std::vector<PointState>& ranking) {
  std::vector<std::vector<std::string>> out = {{"rank", "point"}};
  for (const std::string& value : folder.points.front())
    out.front().push_back(value.substr(0, value.find('=')));
  for (const char* head : {folder.sweep.metric.c_str(), "steps", "state"})
    out.front().emplace_back(head);
  for (const PointState& state : ranking) {
    std::vector<std::string>& row = out.emplace_back();
    row = {fmt::format("{}", out.size() - 1), folder.name_of(state.point)};
    for (const std::string& value : folder.points[state.point])
      row.push_back(value.substr(value.find('=') + 1));
    row.push_back(state.value ? fmt::format("{:.6g}", *state.value) : "");
    row.push_back(fmt::format("{}", state.run.step));
    row.push_back(state.run.state);
  }
  return out;
}

Result<void> write_ranking(const fs::path& file,
                           const std::vector<std::vector<std::string>>& rows) {
  std::string text;
  for (const auto& row : rows) {
    for (const std::string& cell : row) {
      const bool is_plain = cell.find_first_of(",\"\n") == std::string::npos;
      std::string quoted = "\"";
      for (const char c : cell) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
      if (&cell != &row.front()) text += ',';
      text += is_plain ? cell : quoted + "\"";
    }
    text += "\n";
  }
  return write_atomic(file, text);
}

int show(const SweepFolder& folder, const SweepRunner& runner, bool json, Context& context) {
  const std::vector<PointState> ranking = runner.ranking();
  const auto rows = ranking_rows(folder, ranking);
  if (const auto written = write_ranking(folder.path / "ranking.csv", rows); !written)
    return context.fail(written.error(), json);
  if (json) {
    nlohmann::ordered_json out = nlohmann::ordered_json::array();
    for (const PointState& state : ranking) {
      nlohmann::ordered_json one = {{"point", folder.name_of(state.point)},
                                    {"values", folder.points[state.point]},
                                    {"state", state.run.state},
                                    {"step", state.run.step},
                                    {"run", state.run.path.string()}};
      if (state.value) one["value"] = *state.value;
      out.push_back(std::move(one));
    }
    context.print(out.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  } else {
    context.print(aligned_table(rows) +
                  "sweep: " + folder.path.lexically_relative(context.folder).string() + "\n");
  }
  if (runner.failed().empty()) return 0;
  std::vector<std::string> names;
  for (const std::size_t point : runner.failed()) names.push_back(folder.name_of(point));
  return context.fail(error(Code::SweepFailed, {}, "{} of {} points failed: {}", names.size(),
                            folder.points.size(), fmt::join(names, ", "))
                          .help("log.txt in each one's folder says why; `fdl sweep` tries them "
                                "again"));
}

int run_points(const SweepFolder& folder, const ChosenManifest& chosen, const Options& options,
               Context& context) {
  const Result<FileLock> lock = job::lock_run(folder.path);
  if (!lock) return context.fail(lock.error());
  SweepRunner runner(
      folder, options.jobs,
      [&](std::size_t point) {
        int ignored = 0;
        return job_of(chosen, folder.points[point], context, ignored);
      },
      context);
  const int code = runner.run();
  if (code != 0) {
    context.tell("stopped; `fdl sweep` goes on from here\n");
    return code;
  }
  return show(folder, runner, options.json, context);
}

// Every point is checked before any is run.
int check_points(const ChosenManifest& chosen, const std::vector<job::SweepPoint>& points,
                 Context& context) {
  int worst = 0;
  Context silent = context;
  for (const job::SweepPoint& point : points) {
    int code = 0;
    silent.write_err = [](const std::string&) {};  // what make_ready tells of sound ones
    if (job_of(chosen, point, silent, code)) continue;
    context.tell(fmt::format("with {}:\n", fmt::join(point, " ")));
    job_of(chosen, point, context, code);
    worst = std::max(worst, code);
  }
  return worst;
}

int run(const Options& options, Context& context) {
  if (options.jobs < 1) {
    return context.fail(error(Code::BadCommandLine, {}, "--jobs is {}", options.jobs)
                            .help("it must be at least 1"));
  }
  Result<ChosenManifest> chosen = choose_manifest(options.manifest, context);
  if (!chosen) return context.fail(chosen.error());
  if (chosen->names.size() == 1) chosen->selection.preset = chosen->names.front();
  int code = 0;
  const auto ready = job_of(*chosen, {}, context, code);
  if (!ready) return code;
  if (!ready->checked.sweep) {
    return context.fail(
        error(Code::BadSweep, ready->manifest.root.span, "this manifest has no 'sweep'")
            .help("for example sweep: {{ over: {{ training.seed: [1, 2, 3] }}, metric: val/loss "
                  "}}"));
  }
  const job::Sweep& sweep = *ready->checked.sweep;
  const std::vector<job::SweepPoint> points = job::sweep_points(sweep);
  code = check_points(*chosen, points, context);
  if (code != 0) return code;
  if (options.dry_run) {
    for (const job::SweepPoint& point : points)
      context.print(fmt::format("{}\n", fmt::join(point, " ")));
    return 0;
  }
  const Result<ProcessSpec> engine = engine_spec({}, ready->manifest.folder, context);
  if (!engine) return context.fail(engine.error());
  const auto folder = open_sweep(folder_of(*ready), sweep, threads_for(options.jobs, context));
  if (!folder) return context.fail(folder.error());
  return run_points(*folder, *chosen, options, context);
}

}  // namespace

CommandSpec sweep_command() {
  return command<Options>(
             "sweep",
             "Train with each combination of the values under `sweep:`, and rank them; "
             "goes on where it was.")
      .group(&Options::manifest)
      .option("jobs", &Options::jobs, "How many points at a time.")
      .flag("dry-run", &Options::dry_run, "Check and list the points, then stop.")
      .flag("json", &Options::json, "The ranking as JSON.")
      .example("fdl sweep")
      .example("fdl sweep --jobs 2 training.epochs=3")
      .runs(run);
}

}  // namespace fdl::commands
