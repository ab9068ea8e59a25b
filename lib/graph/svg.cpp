#include "lib/graph/svg.h"

#include "lib/base/files.h"
#include "lib/base/process.h"
#include "lib/base/scratch_folder.h"

namespace fdl::graph {

Result<std::string> to_svg(const Drawing& drawing) {
  const Result<ScratchFolder> scratch = ScratchFolder::make("graph");
  if (!scratch) return fail(scratch.error());
  const std::filesystem::path& folder = scratch->path();
  FDL_TRY(write_atomic(folder / "graph.dot", to_dot(drawing)));
  const auto ran = run_captured({.program = "dot",
                                 .arguments = {"-Tsvg", "graph.dot", "-o", "graph.svg"},
                                 .folder = folder,
                                 .environment = {},
                                 .output_file = {}});
  if (ran && ran->status.ok()) return read_file(folder / "graph.svg");
  return fail(error(Code::CannotStart, {}, "graphviz did not draw the graph{}",
                    ran ? ": " + ran->output : "")
                  .help("install it (apt-get install graphviz), or use --format mermaid, dot or "
                        "text"));
}

}  // namespace fdl::graph
