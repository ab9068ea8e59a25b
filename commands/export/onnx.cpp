#include "commands/export/onnx.h"

#include <nlohmann/json.hpp>

#include "commands/ckpt/ckpt.h"
#include "commands/manifest_choice.h"
#include "lib/graph/build.h"
#include "lib/job/load.h"
#include "lib/onnx/export.h"
#include "lib/onnx/write.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;

// The manifest that says what the weights are of.
std::optional<config::Manifest> manifest_of(const weights::WeightFiles& files,
                                            const OnnxOptions& options, const Context& context,
                                            Diagnostics& problems) {
  if (!options.model.empty()) {
    const auto chosen = choose_manifest({{options.model}, "", "", {}}, context);
    if (chosen) return load(*chosen, context, problems);
    problems.add(chosen.error());
    return std::nullopt;
  }
  const fs::path run = files.checkpoint.parent_path().parent_path();
  std::error_code code;
  if (!files.checkpoint.empty() && fs::exists(run / "manifest.yml", code))
    return job::load_run(run, problems);
  problems.add(
      error(Code::MissingKey, {}, "these weights belong to no run, so their model is not known")
          .help("--model names its manifest"));
  return std::nullopt;
}

std::vector<std::string> names_of(const std::vector<onnx::Port>& ports) {
  std::vector<std::string> out;
  for (const onnx::Port& port : ports) out.push_back(port.name);
  return out;
}

}  // namespace

int export_onnx(const weights::WeightFiles& files, const OnnxOptions& options, Context& context) {
  Diagnostics problems;
  const auto manifest = manifest_of(files, options, context, problems);
  std::optional<graph::Graph> graph;
  if (manifest) graph = graph::build_graph(*manifest, context.environment, problems);
  if (!graph || problems.has_errors()) {
    context.report(problems, options.json);
    return static_cast<int>(exit_code_of(problems));
  }
  Result<onnx::Model> model = onnx::lower(*graph);
  if (!model) return context.fail(model.error(), options.json);
  if (const auto filled = onnx::fill(*graph, files, *model); !filled)
    return context.fail(filled.error(), options.json);
  model->producer_version = FDL_VERSION;
  model->metadata = {{"graph_hash", graph->hash()}};
  const std::vector<std::string> inputs = names_of(model->graph.inputs),
                                 outputs = names_of(model->graph.outputs);
  const std::size_t num_operations = model->graph.operations.size();
  if (const auto written = onnx::write(*model, context.folder / options.output); !written)
    return context.fail(written.error(), options.json);
  const nlohmann::ordered_json out = {{"output", options.output},
                                      {"from", shown_place(files, context)},
                                      {"opset", onnx::Model::kOpset},
                                      {"num_operations", num_operations},
                                      {"inputs", inputs},
                                      {"outputs", outputs}};
  context.print(options.json
                    ? out.dump() + "\n"
                    : fmt::format("{}: {} operations of opset {}, weights of {}\n  inputs {}\n"
                                  "  outputs {}\n",
                                  options.output, num_operations, onnx::Model::kOpset,
                                  shown_place(files, context), fmt::join(inputs, ", "),
                                  fmt::join(outputs, ", ")));
  return 0;
}

}  // namespace fdl::commands
