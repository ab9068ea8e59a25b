#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "commands/command.h"
#include "commands/manifest_choice.h"
#include "lib/base/closest.h"
#include "lib/catalog/catalog.h"
#include "lib/job/job.h"
#include "lib/plan/plan.h"

namespace fdl::commands {
namespace {

struct Options {
  ManifestChoice manifest;
  bool json = false;
};

// Numbers that the job's optimizer keeps beside each parameter; without a job, none.
int optimizer_state(const job::Checked& checked) {
  if (!checked.job || checked.job->training.optimizer.spec == nullptr) return 0;
  const catalog::Choice& optimizer = checked.job->training.optimizer;
  return optimizer.spec->state_per_element(optimizer.params.get());
}

const catalog::TensorType& type_of(const graph::Graph& graph, const graph::State& state) {
  return graph.values[static_cast<std::size_t>(state.read)].type;
}

std::string states_text(const graph::Graph& graph, const plan::Plan& plan) {
  std::string out;
  for (const graph::State& state : graph.states) {
    out += fmt::format("state {}: {}, reset: {}, bptt: {}\n", state.path,
                       to_string(type_of(graph, state)), to_string(state.reset),
                       state.bptt == 0 ? "null" : std::to_string(state.bptt));
  }
  if (!out.empty()) out += fmt::format("states together: {} bytes\n", plan.state_bytes);
  return out.empty() ? out : "\n" + out;
}

std::string plan_json(const plan::Plan& plan, const graph::Graph& graph, std::int64_t batch_size) {
  nlohmann::ordered_json out = {{"num_parameters", plan.num_parameters},
                                {"graph_hash", graph.hash()},
                                {"batch_size", batch_size},
                                {"forward_flops", plan.forward_flops},
                                {"parameter_bytes", plan.parameter_bytes},
                                {"gradient_bytes", plan.gradient_bytes},
                                {"optimizer_bytes", plan.optimizer_bytes},
                                {"activation_bytes", plan.activation_bytes}};
  if (!graph.states.empty()) out["state_bytes"] = plan.state_bytes;
  for (const graph::State& state : graph.states) {
    out["states"].push_back({{"path", state.path},
                             {"type", to_string(type_of(graph, state))},
                             {"reset", to_string(state.reset)},
                             {"bptt", state.bptt}});
  }
  out["nodes"] = nlohmann::ordered_json::array();
  for (const plan::NodeCost& node : plan.nodes) {
    out["nodes"].push_back({{"path", node.path},
                            {"kind", node.kind},
                            {"output", node.output},
                            {"num_parameters", node.num_parameters},
                            {"forward_flops", node.forward_flops},
                            {"activation_bytes", node.activation_bytes}});
  }
  return out.dump(2) + "\n";
}

std::string plan_text(const plan::Plan& plan, std::int64_t batch_size) {
  std::size_t path = 4, kind = 4, output = 6;
  for (const plan::NodeCost& node : plan.nodes) {
    path = std::max(path, node.path.size());
    kind = std::max(kind, node.kind.size());
    output = std::max(output, node.output.size());
  }
  std::string out =
      fmt::format("{:<{}}  {:<{}}  {:<{}}  {:>12}  {:>14}  {:>12}\n", "path", path, "kind", kind,
                  "output", output, "parameters", "forward FLOPs", "bytes");
  for (const plan::NodeCost& node : plan.nodes) {
    out += fmt::format("{:<{}}  {:<{}}  {:<{}}  {:>12}  {:>14}  {:>12}\n", node.path, path,
                       node.kind, kind, node.output, output, node.num_parameters,
                       node.forward_flops, node.activation_bytes);
  }
  constexpr double kMiB = 1024.0 * 1024.0;
  const auto mib = [](std::int64_t bytes) { return static_cast<double>(bytes) / kMiB; };
  return out + fmt::format(
                   "\n{} parameters; for a batch of {}: {} forward FLOPs, parameters {:.1f} MiB, "
                   "gradients {:.1f} MiB, "
                   "optimizer {:.1f} MiB, activations {:.1f} MiB\n",
                   plan.num_parameters, batch_size, plan.forward_flops, mib(plan.parameter_bytes),
                   mib(plan.gradient_bytes), mib(plan.optimizer_bytes), mib(plan.activation_bytes));
}

int explain_graph(const job::Checked& checked, const Options& options, Context& context) {
  const std::int64_t batch_size = checked.job ? checked.job->training.batch_size : 1;
  const plan::Plan plan = plan::make_plan(*checked.graph, batch_size, optimizer_state(checked));
  context.print(options.json ? plan_json(plan, *checked.graph, batch_size)
                             : plan_text(plan, batch_size) + states_text(*checked.graph, plan));
  return 0;
}

// What `using` and `port` name, where there are several inputs or outputs.
std::string ports_text(const catalog::ModuleSpec& spec) {
  std::string out;
  for (const catalog::InputSpec& input : spec.inputs) {
    if (spec.inputs.size() > 1)
      out += fmt::format("{}{}{}", out.empty() ? "inputs: " : ", ", input.name,
                         input.is_optional ? " (optional)" : "");
  }
  if (!out.empty()) out += "\n";
  if (spec.outputs.size() > 1) out += fmt::format("outputs: {}\n", fmt::join(spec.outputs, ", "));
  return out;
}

std::string parameters_text(const config::RecordSpec& record) {
  std::string out = record.fields.empty() ? "" : "\nparameters:\n";
  for (const config::FieldSpec& field : record.fields) {
    const std::string name =
        field.alias.empty() ? field.name : field.name + " (or " + field.alias + ")";
    const std::string given = field.is_required   ? "required"
                              : field.is_inferred ? "inferred"
                                                  : "default " + field.default_text;
    const std::string legal =
        field.choices.empty() ? field.range : one_of(field.choices, field.choices.size());
    out += fmt::format("  {:<28} {}; {}. {}{}\n", name, field.type, given, field.doc,
                       legal.empty() ? "" : " Must be " + legal + ".");
  }
  return out;
}

std::string module_text(const catalog::ModuleSpec& spec) {
  return fmt::format("{}: {}\n\nshape: {}\n{}source: {}\nexample: {}\n", spec.name(),
                     spec.record.summary, spec.shape_text, ports_text(spec), spec.source,
                     spec.example) +
         parameters_text(spec.record);
}

std::string entry_text(catalog::EntryKind kind, const catalog::EntrySpec& spec) {
  std::string out =
      fmt::format("{} ({}): {}\n\n", spec.name(), to_string(kind), spec.record.summary);
  for (const catalog::ComparedSpec& compared : spec.compared) {
    if (!spec.fits) break;
    out += fmt::format("{}: {}{}{}\n", compared.name, to_string(compared.values),
                       compared.doc.empty() ? "" : ". ", compared.doc);
  }
  return out + fmt::format("source: {}\n", spec.source) + parameters_text(spec.record);
}

int explain_name(const std::string& name, Context& context) {
  for (const CodeEntry& entry : all_codes()) {
    if (to_string(entry.code) != name) continue;
    context.print(fmt::format("{}: {}\n\n{}\n", name, entry.title, entry.explanation));
    return 0;
  }
  // One word may name several things, as `linear` may.
  std::vector<std::string> found, names = catalog::module_names();
  if (const catalog::ModuleSpec* spec = catalog::find_module(name))
    found.push_back(module_text(*spec));
  for (const catalog::EntryKind kind : catalog::all_entry_kinds()) {
    if (const catalog::EntrySpec* spec = catalog::find_entry(kind, name))
      found.push_back(entry_text(kind, *spec));
    for (std::string& other : catalog::entry_names(kind)) names.push_back(std::move(other));
  }
  if (!found.empty()) {
    context.print(fmt::format("{}", fmt::join(found, "\n")));
    return 0;
  }
  Diagnostic d = error(Code::UnknownModule, {}, "there is no module or code '{}' to explain", name);
  if (const auto near = closest(name, names)) d = std::move(d).help("did you mean '{}'?", *near);
  return context.fail(std::move(d).note("modules are {}", one_of(catalog::module_names(), 200)));
}

int run(const Options& options, Context& context) {
  ManifestChoice choice = options.manifest;
  std::error_code code;
  if (choice.words.size() == 1 &&
      !std::filesystem::exists(context.folder / choice.words.front(), code) &&
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
  return explain_graph(checked, options, context);
}

}  // namespace

CommandSpec explain_command() {
  return command<Options>(
             "explain",
             "Show a model's paths, shapes and parameters; or explain a module, a loss, an "
             "optimizer, ... or an error code.")
      .group(&Options::manifest)
      .flag("json", &Options::json, "As JSON.")
      .example("fdl explain")
      .example("fdl explain conv2d")
      .example("fdl explain FDL3006")
      .runs(run);
}

}  // namespace fdl::commands
