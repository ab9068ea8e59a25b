#include "lib/monitor/plot.h"

#include <algorithm>
#include <unistd.h>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "commands/engine_process.h"
#include "commands/run_choice.h"
#include "commands/runs/runs.h"
#include "lib/base/closest.h"
#include "lib/base/files.h"
#include "lib/base/process.h"
#include "lib/base/scratch_folder.h"
#include "lib/base/terminal.h"
#include "lib/monitor/event_reader.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPoints = 2000;

monitor::Part all_of(const fs::path& run) {
  monitor::Fold fold;
  monitor::Part out;
  for (const monitor::Event& event : monitor::read_events(run / "events.jsonl"))
    out.add(fold.take(event));
  return out;
}

// The curve of each run that has the series. Errors: FDL9001 when none has it.
Result<std::vector<monitor::Curve>> curves_of(const std::vector<RunSummary>& runs,
                                              const std::string& name) {
  std::vector<monitor::Curve> out;
  std::vector<std::string> names;
  for (const RunSummary& run : runs) {
    const monitor::Part part = all_of(run.path);
    for (const auto& [one, series] : part.series) {
      if (one == name)
        out.push_back({run.notes.name.empty() ? run.path.filename().string() : run.notes.name,
                       thinned(series, kPoints)});
      names.push_back(one);
    }
  }
  if (!out.empty()) return out;
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  Diagnostic d = error(Code::BadCommandLine, {}, "no run here records '{}'", name);
  if (const auto near = closest(name, names))
    return fail(std::move(d).help("did you mean '{}'?", *near));
  return fail(std::move(d).help("they record {}", fmt::format("{}", fmt::join(names, ", "))));
}

// Drawn by librsvg's own program. Errors: FDL5003 where there is none.
Result<void> write_png(const std::string& svg, const fs::path& out) {
  const Result<ScratchFolder> scratch = ScratchFolder::make("plot");
  if (!scratch) return fail(scratch.error());
  FDL_TRY(write_atomic(scratch->path() / "plot.svg", svg));
  const auto ran = run_captured({.program = "rsvg-convert",
                                 .arguments = {"--width=1440", "plot.svg", "-o", "plot.png"},
                                 .folder = scratch->path(),
                                 .environment = {},
                                 .output_file = {}});
  if (!ran || !ran->status.ok())
    return fail(error(Code::CannotStart, {}, "rsvg-convert did not draw the picture{}",
                      ran ? ": " + ran->output : "")
                    .help("install it (apt-get install librsvg2-bin), or name a file that ends in "
                          ".svg"));
  const Result<std::string> bytes = read_file(scratch->path() / "plot.png");
  return bytes ? write_atomic(out, *bytes) : fail(bytes.error());
}

}  // namespace

int plot_runs(const RunsOptions& given, Context& context) {
  RunsOptions options = given;
  // The last word may be the metric: `fdl runs plot baseline val/loss`.
  if (options.metric.empty() && !options.names.empty() &&
      !choose_run(options.names.back(), context)) {
    options.metric = options.names.back();
    options.names.pop_back();
  }
  if (options.names.empty()) options.names = {""};
  const auto runs = named_runs(options.names, context);
  if (!runs) return context.fail(runs.error());
  const std::string name =
      options.metric.empty() ? runs::main_metric(runs->front(), "") : options.metric;
  const auto curves = curves_of(*runs, name);
  if (!curves) return context.fail(curves.error());
  monitor::PlotSpec spec;
  spec.title = name;
  spec.is_log = options.log;
  if (options.x != "step" && options.x != "time")
    return context.fail(
        error(Code::BadCommandLine, {}, "'--x' must be step or time, not '{}'", options.x));
  spec.axis = options.x == "time" ? monitor::Axis::Time : monitor::Axis::Step;
  if (options.out.empty()) {
    spec.width = std::min(terminal_width(STDOUT_FILENO), 120);
    context.print(plot_text(*curves, spec, screen_of(context).has_unicode));
    return 0;
  }
  const fs::path out = context.folder / options.out;
  const std::string svg = plot_svg(*curves, spec);
  const bool is_png = out.extension() == ".png";
  if (!is_png && out.extension() != ".svg")
    return context.fail(
        error(Code::BadCommandLine, {}, "'{}' ends in neither .svg nor .png", options.out)
            .help("its ending says what is written"));
  const Result<void> written = is_png ? write_png(svg, out) : write_atomic(out, svg);
  return written ? 0 : context.fail(written.error());
}

}  // namespace fdl::commands
