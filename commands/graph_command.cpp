#include "commands/command.h"
#include "commands/manifest_choice.h"
#include "lib/base/files.h"
#include "lib/graph/svg.h"
#include "lib/job/job.h"
#include "lib/job/load.h"
#include "lib/job/run_folder.h"
#include "lib/monitor/profile.h"
#include "lib/runs/document.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;

struct Options {
  ManifestChoice manifest;
  std::string format = "text";
  std::int64_t depth = 0;
  std::string out;
  std::string run;
};

Result<std::string> render(const graph::Drawing& drawing, const std::string& format) {
  if (format == "dot") return graph::to_dot(drawing);
  if (format == "mermaid") return graph::to_mermaid(drawing);
  if (format == "text") return graph::to_lines(drawing);
  if (format == "svg") return graph::to_svg(drawing);
  return fail(error(Code::BadCommandLine, {},
                    "'--format' must be text, dot, mermaid or svg, not '{}'", format));
}

int show(const graph::Drawing& drawing, const Options& options, Context& context) {
  const Result<std::string> text = render(drawing, options.format);
  if (!text) return context.fail(text.error());
  if (options.out.empty()) {
    context.print(*text);
    return 0;
  }
  const auto written = write_atomic(context.folder / options.out, *text);
  return written ? 0 : context.fail(written.error());
}

// The run's folder: a path, or a name among the runs of the manifest at hand.
Result<fs::path> run_folder(const Options& options, Context& context) {
  std::error_code code;
  if (fs::exists(context.folder / options.run / "manifest.yml", code))
    return context.folder / options.run;
  Result<ChosenManifest> chosen = choose_manifest(options.manifest, context);
  if (!chosen) return fail(chosen.error());
  Diagnostics problems;
  const auto manifest = load(*chosen, context, problems);
  job::Checked checked;
  if (manifest) checked = job::check(*manifest, context.environment, true, problems);
  context.report(problems, false);
  const bool has_job = manifest && checked.graph && checked.job;
  auto found = job::find_run(has_job ? manifest->folder / checked.job->output_dir : context.folder,
                             has_job ? checked.graph->name : "", options.run);
  if (!found) return fail(found.error());
  if (!*found) return fail(error(Code::RunMissing, {}, "there is no run '{}'", options.run));
  return (*found)->path;
}

// The graph as the run has it, coloured by what was measured in it.
int draw_run(const Options& options, Context& context) {
  const Result<fs::path> folder = run_folder(options, context);
  if (!folder) return context.fail(folder.error());
  if (const auto profile = monitor::read_profile(*folder); !profile)
    return context.fail(profile.error());
  const auto drawing = runs::drawing_of(*folder, static_cast<int>(options.depth));
  if (!drawing) return context.fail(drawing.error());
  return show(*drawing, options, context);
}

int run(const Options& options, Context& context) {
  if (!options.run.empty()) return draw_run(options, context);
  Result<ChosenManifest> chosen = choose_manifest(options.manifest, context);
  if (!chosen) return context.fail(chosen.error());
  Diagnostics problems;
  const auto manifest = load(*chosen, context, problems);
  job::Checked checked;
  if (manifest) checked = job::check(*manifest, context.environment, true, problems);
  context.report(problems, false);
  if (problems.has_errors() || !checked.graph) return static_cast<int>(ExitCode::BadInput);
  return show(graph::draw(*checked.graph, static_cast<int>(options.depth)), options, context);
}

}  // namespace

CommandSpec graph_command() {
  return command<Options>("graph", "Draw a model: groups, branches, loops, and the shapes between.")
      .group(&Options::manifest)
      .option("format", &Options::format, "text, dot, mermaid or svg (svg needs graphviz).")
      .option("depth", &Options::depth, "Draw groups below this depth as one box; 0 draws all.")
      .option("out", &Options::out, "A file to write instead of standard output.")
      .example("fdl graph --format svg --out model.svg")
      .option("run", &Options::run, "A run measured with --profile: colour by its times.")
      .example("fdl graph --depth 1")
      .example("fdl graph --run 20260101-120000-ab12cd --format svg --out times.svg")
      .runs(run);
}

}  // namespace fdl::commands
