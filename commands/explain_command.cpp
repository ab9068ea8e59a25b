#include <nlohmann/json.hpp>

#include "commands/command.h"
#include "commands/manifest_choice.h"
#include "lib/base/closest.h"
#include "lib/catalog/catalog.h"
#include "lib/job/job.h"

namespace fdl::commands {
namespace {

struct Options {
  ManifestChoice manifest;
  bool json = false;
};

struct Row {
  std::string path, kind, type;
  std::int64_t num_parameters = 0;
};

void collect(const graph::Graph& graph, const graph::Block& block, std::vector<Row>& rows) {
  for (const graph::Node& node : block.nodes) {
    Row row;
    row.path = node.path;
    row.kind = node.spec != nullptr ? node.spec->name()
               : node.body          ? fmt::format("loop x {}", node.times)
                                    : "merge";
    row.type = to_string(graph.values[static_cast<std::size_t>(node.outputs.front())].type);
    for (const int index : node.tensors) {
      const graph::OwnedTensor& tensor = graph.tensors[static_cast<std::size_t>(index)];
      row.num_parameters += tensor.is_buffer ? 0 : tensor.num_elements();
    }
    rows.push_back(std::move(row));
    if (node.body) collect(graph, *node.body, rows);
  }
}

int explain_graph(const graph::Graph& graph, const Options& options, Context& context) {
  std::vector<Row> rows;
  collect(graph, graph.root, rows);
  if (options.json) {
    nlohmann::ordered_json out = {{"num_parameters", graph.num_parameters()},
                                  {"graph_hash", graph.hash()}};
    out["nodes"] = nlohmann::ordered_json::array();
    for (const Row& row : rows)
      out["nodes"].push_back({{"path", row.path},
                              {"kind", row.kind},
                              {"output", row.type},
                              {"num_parameters", row.num_parameters}});
    context.print(out.dump(2) + "\n");
    return 0;
  }
  std::size_t path_width = 4, kind_width = 4, type_width = 6;
  for (const Row& row : rows) {
    path_width = std::max(path_width, row.path.size());
    kind_width = std::max(kind_width, row.kind.size());
    type_width = std::max(type_width, row.type.size());
  }
  std::string out = fmt::format("{:<{}}  {:<{}}  {:<{}}  {:>12}\n", "path", path_width, "kind",
                                kind_width, "output", type_width, "parameters");
  for (const Row& row : rows)
    out += fmt::format("{:<{}}  {:<{}}  {:<{}}  {:>12}\n", row.path, path_width, row.kind,
                       kind_width, row.type, type_width, row.num_parameters);
  context.print(out + fmt::format("{} parameters\n", graph.num_parameters()));
  return 0;
}

int explain_module(const catalog::ModuleSpec& spec, Context& context) {
  std::string out = fmt::format("{}: {}\n\nshape: {}\nsource: {}\nexample: {}\n", spec.name(),
                                spec.record.summary, spec.shape_text, spec.source, spec.example);
  if (!spec.record.fields.empty()) out += "\nparameters:\n";
  for (const config::FieldSpec& field : spec.record.fields) {
    const std::string name =
        field.alias.empty() ? field.name : field.name + " (or " + field.alias + ")";
    const std::string given = field.is_required   ? "required"
                              : field.is_inferred ? "inferred"
                                                  : "default " + field.default_text;
    out += fmt::format("  {:<28} {}; {}. {}{}\n", name, field.type, given, field.doc,
                       field.range.empty() ? "" : " Must be " + field.range + ".");
  }
  context.print(out);
  return 0;
}

int explain_name(const std::string& name, Context& context) {
  for (const CodeEntry& entry : all_codes()) {
    if (to_string(entry.code) != name) continue;
    context.print(fmt::format("{}: {}\n\n{}\n", name, entry.title, entry.explanation));
    return 0;
  }
  if (const catalog::ModuleSpec* spec = catalog::find_module(name))
    return explain_module(*spec, context);
  Diagnostic d = error(Code::UnknownModule, {}, "there is no module or code '{}' to explain", name);
  if (const auto near = closest(name, catalog::module_names()))
    d = std::move(d).help("did you mean '{}'?", *near);
  return context.fail(std::move(d).note("modules are {}", one_of(catalog::module_names(), 200)));
}

int run(const Options& options, Context& context) {
  ManifestChoice choice = options.manifest;
  if (choice.words.size() == 1 && !std::filesystem::exists(context.folder / choice.words.front()) &&
      choice.words.front().find_first_of("=./") == std::string::npos)
    return explain_name(choice.words.front(), context);
  Result<ChosenManifest> chosen = choose_manifest(choice, context);
  if (!chosen) return context.fail(chosen.error());
  Diagnostics problems;
  const auto manifest = load(*chosen, context, problems);
  job::Checked checked;
  if (manifest) checked = job::check(*manifest, context.environment, true, problems);
  context.report(problems, false);
  if (problems.has_errors() || !checked.graph) return static_cast<int>(ExitCode::BadInput);
  return explain_graph(*checked.graph, options, context);
}

}  // namespace

CommandSpec explain_command() {
  return command<Options>(
             "explain",
             "Show a model's paths, shapes and parameters; or explain a module or an error code.")
      .group(&Options::manifest)
      .flag("json", &Options::json, "As JSON.")
      .example("fdl explain")
      .example("fdl explain conv2d")
      .example("fdl explain FDL3006")
      .runs(run);
}

}  // namespace fdl::commands
