#include <cstdlib>

#include "commands/command.h"
#include "commands/manifest_choice.h"
#include "lib/base/files.h"
#include "lib/base/process.h"
#include "lib/graph/drawing.h"
#include "lib/job/job.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;

struct Options {
  ManifestChoice manifest;
  std::string format = "text";
  std::int64_t depth = 0;
  std::string out;
};

// Graphviz lays the drawing out.
Result<std::string> to_svg(const std::string& dot) {
  std::string pattern = (fs::temp_directory_path() / "fdl-graph-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    return fail(error(Code::CannotWrite, {}, "no folder can be made in the temporary folder"));
  const fs::path folder = pattern;
  Result<std::string> out;
  const auto written = write_atomic(folder / "graph.dot", dot);
  if (!written) {
    out = fail(written.error());
  } else {
    const auto ran = run_captured({.program = "dot",
                                   .arguments = {"-Tsvg", "graph.dot", "-o", "graph.svg"},
                                   .folder = folder,
                                   .environment = {},
                                   .output_file = {}});
    if (ran && ran->status.ok()) {
      out = read_file(folder / "graph.svg");
    } else {
      out = fail(error(Code::CannotStart, {}, "graphviz did not draw the graph{}",
                       ran ? ": " + ran->output : "")
                     .help("install it (apt-get install graphviz), or use --format mermaid, dot or "
                           "text"));
    }
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return out;
}

Result<std::string> render(const graph::Drawing& drawing, const std::string& format) {
  if (format == "dot") return graph::to_dot(drawing);
  if (format == "mermaid") return graph::to_mermaid(drawing);
  if (format == "text") return graph::to_lines(drawing);
  if (format == "svg") return to_svg(graph::to_dot(drawing));
  return fail(error(Code::BadCommandLine, {},
                    "'--format' must be text, dot, mermaid or svg, not '{}'", format));
}

int run(const Options& options, Context& context) {
  Result<ChosenManifest> chosen = choose_manifest(options.manifest, context);
  if (!chosen) return context.fail(chosen.error());
  Diagnostics problems;
  const auto manifest = load(*chosen, context, problems);
  job::Checked checked;
  if (manifest) checked = job::check(*manifest, context.environment, true, problems);
  context.report(problems, false);
  if (problems.has_errors() || !checked.graph) return static_cast<int>(ExitCode::BadInput);
  const graph::Drawing drawing = graph::draw(*checked.graph, static_cast<int>(options.depth));
  const Result<std::string> text = render(drawing, options.format);
  if (!text) return context.fail(text.error());
  if (options.out.empty()) {
    context.print(*text);
    return 0;
  }
  const auto written = write_atomic(context.folder / options.out, *text);
  return written ? 0 : context.fail(written.error());
}

}  // namespace

CommandSpec graph_command() {
  return command<Options>("graph", "Draw a model: groups, branches, loops, and the shapes between.")
      .group(&Options::manifest)
      .option("format", &Options::format, "text, dot, mermaid or svg (svg needs graphviz).")
      .option("depth", &Options::depth, "Draw groups below this depth as one box; 0 draws all.")
      .option("out", &Options::out, "A file to write instead of standard output.")
      .example("fdl graph --format svg --out model.svg")
      .example("fdl graph --depth 1")
      .runs(run);
}

}  // namespace fdl::commands
