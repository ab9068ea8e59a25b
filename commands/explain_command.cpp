#include <algorithm>
#include <set>

#include <fmt/ranges.h>

#include "commands/command.h"
#include "commands/job_plan.h"
#include "commands/manifest_choice.h"
#include "commands/plan_report.h"
#include "commands/step_report.h"
#include "lib/base/closest.h"
#include "lib/base/pattern.h"
#include "lib/catalog/catalog.h"
#include "lib/job/job.h"

namespace fdl::commands {
namespace {

struct Options {
  ManifestChoice manifest;
  std::string memory;
  std::vector<std::string> assume;
  bool plan = false;
  bool json = false;
};

// Modules and entries of the catalogue.
std::vector<std::string> explained_names() {
  std::vector<std::string> out = catalog::module_names();
  for (const catalog::EntryKind kind : catalog::all_entry_kinds()) {
    for (std::string& name : catalog::entry_names(kind)) out.push_back(std::move(name));
  }
  return out;
}

// `--assume T=128` over the manifest's own `assume:`.
std::optional<Diagnostic> assume(const std::vector<std::string>& given, graph::Graph& graph) {
  const std::vector<std::string> axes = graph.named_axes();
  for (const std::string& text : given) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const auto size =
        equals == std::string::npos ? std::nullopt : config::parse_integer(text.substr(equals + 1));
    if (!size || *size < 1) {
      return error(Code::BadCommandLine, {}, "'--assume {}' cannot be read", text)
          .help("the form is --assume T=128");
    }
    if (std::find(axes.begin(), axes.end(), name) == axes.end()) {
      Diagnostic d =
          error(Code::BadCommandLine, {}, "'--assume {}': no input has an axis '{}'", text, name);
      return axes.empty() ? std::move(d).note("all axes of the model's inputs are numbers")
                          : std::move(d).note("named axes are {}", one_of(axes));
    }
    graph.assumed_sizes[name] = *size;
  }
  return std::nullopt;
}

// The nodes to show: all, or those that a path names. Empty when it names none.
std::vector<std::size_t> chosen_nodes(const plan::Plan& plan, const Pattern* pattern) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    if (pattern == nullptr || pattern->matches(plan.nodes[i].path)) out.push_back(i);
  }
  return out;
}

// The path of each node and of each group around one.
std::vector<std::string> all_paths(const plan::Plan& plan) {
  std::set<std::string> out;
  for (const plan::NodeCost& node : plan.nodes) {
    for (std::size_t dot = node.path.find('.'); dot != std::string::npos;
         dot = node.path.find('.', dot + 1))
      out.insert(node.path.substr(0, dot));
    out.insert(node.path);
  }
  return {out.begin(), out.end()};
}

Diagnostic nothing_there(const std::string& path, const plan::Plan& plan) {
  std::vector<std::string> known = all_paths(plan);
  for (std::string& name : explained_names()) known.push_back(std::move(name));
  Diagnostic d =
      error(Code::UnknownPath, {},
            "there is nothing '{}' to explain: no path of the model, module or code", path);
  if (const auto near = closest(path, known)) d = std::move(d).help("did you mean '{}'?", *near);
  return std::move(d).note("`fdl explain` lists the paths");
}

int explain_graph(job::Checked& checked, const Options& options, const std::string& path,
                  Context& context) {
  assume_sizes_of_data(checked);
  if (auto wrong = assume(options.assume, *checked.graph)) return context.fail(*std::move(wrong));
  const plan::PlanSetup setup = plan_setup(checked);
  if (options.plan) {
    StepSetup steps;
    steps.plan = setup;
    if (checked.job) {
      const job::Training& training = checked.job->training;
      steps.off_by = training.passes_off_by;
      steps.on_gpu = training.device.kind == job::DeviceChoice::Kind::Cuda;
    }
    context.print((options.json ? steps_json : steps_text)(*checked.graph, steps));
    return 0;
  }
  PlanReport report;
  report.plan = plan::make_plan(*checked.graph, setup);
  report.graph_hash = checked.graph->hash();
  for (const graph::State& state : checked.graph->states) {
    const graph::Value& value = checked.graph->values[static_cast<std::size_t>(state.read)];
    report.states.push_back({state.path, to_string(value.type),
                             std::string(graph::to_string(state.reset)), state.bptt});
  }
  report.batch_size = setup.batch_size;
  std::optional<Pattern> pattern;
  if (!path.empty()) {
    auto parsed = Pattern::parse(path);
    if (!parsed) {
      return context.fail(
          error(Code::BadPattern, {}, "the path '{}' cannot be read: {}", path, parsed.error()));
    }
    pattern = *std::move(parsed);
    report.is_part = true;
  }
  report.nodes = chosen_nodes(report.plan, pattern ? &*pattern : nullptr);
  if (report.nodes.empty() && pattern) return context.fail(nothing_there(path, report.plan));
  if (!options.memory.empty()) {
    const auto limit = parse_bytes(options.memory);
    if (!limit) {
      return context.fail(
          error(Code::BadCommandLine, {}, "'--memory {}' is no size", options.memory)
              .help("write a number with a unit: 8GiB, 512MB"));
    }
    report.largest_batch = plan::largest_batch(*checked.graph, setup, *limit);
    if (*report.largest_batch == 0) {
      plan::PlanSetup one = setup;
      one.batch_size = 1;
      return context.fail(
          error(Code::OutOfRange, {}, "no batch fits into {}: one of 1 sample needs {}",
                options.memory, show_bytes(plan::make_plan(*checked.graph, one).peak_bytes))
              .help("make the model smaller, or take an optimizer that keeps less"));
    }
  }
  context.print(options.json ? plan_json(report) : plan_text(report));
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
    if (!compared.owned.empty() && compared.doc.empty()) continue;  // more of the step named before
    const std::string_view what =
        compared.owned.empty() ? to_string(compared.values) : "a tensor of the model";
    out += fmt::format("{}: {}{}{}\n", compared.name, what, compared.doc.empty() ? "" : ". ",
                       compared.doc);
  }
  return out + fmt::format("source: {}\n", spec.source) + parameters_text(spec.record);
}

// What a word names, be it several things, as `linear` may; "" when it names nothing.
std::string explanation_of(const std::string& name) {
  for (const CodeEntry& entry : all_codes()) {
    if (to_string(entry.code) != name) continue;
    return fmt::format("{}: {}\n\n{}\n", name, entry.title, entry.explanation);
  }
  std::vector<std::string> found;
  if (const catalog::ModuleSpec* spec = catalog::find_module(name))
    found.push_back(module_text(*spec));
  for (const catalog::EntryKind kind : catalog::all_entry_kinds()) {
    if (const catalog::EntrySpec* spec = catalog::find_entry(kind, name))
      found.push_back(entry_text(kind, *spec));
  }
  return fmt::format("{}", fmt::join(found, "\n"));
}

int unknown_name(const std::string& name, Context& context) {
  Diagnostic d = error(Code::UnknownModule, {}, "there is no module or code '{}' to explain", name);
  if (const auto near = closest(name, explained_names()))
    d = std::move(d).help("did you mean '{}'?", *near);
  return context.fail(std::move(d).note("modules are {}", one_of(catalog::module_names(), 200)));
}

// A word that is no file and changes no value.
bool is_name(const std::string& word, const Context& context) {
  std::error_code code;
  return !std::filesystem::exists(context.folder / word, code) &&
         word.find_first_of("=/") == std::string::npos;
}

int run(const Options& options, Context& context) {
  const std::vector<std::string>& words = options.manifest.words;
  const bool one_name = words.size() == 1 && is_name(words.front(), context);
  if (one_name) {
    if (const std::string text = explanation_of(words.front()); !text.empty()) {
      context.print(text);
      return 0;
    }
  }
  Result<ChosenManifest> chosen = choose_manifest(options.manifest, context);
  if (!chosen && one_name && chosen.error().code == Code::ManifestMissing)
    return unknown_name(words.front(), context);
  if (!chosen) return context.fail(chosen.error());
  if (chosen->names.size() > 1) {
    return context.fail(error(Code::BadCommandLine, {}, "'{}' and '{}' are two paths",
                              chosen->names[0], chosen->names[1])
                            .help("join them: '{}|{}'", chosen->names[0], chosen->names[1]));
  }
  Diagnostics problems;
  auto manifest = load(*chosen, context, problems);
  job::Checked checked;
  if (manifest) checked = job::check(*manifest, context.environment, true, problems);
  context.report(problems, false);
  if (problems.has_errors() || !checked.graph) return static_cast<int>(ExitCode::BadInput);
  if (const auto settled = settle_batch_size(manifest->root, checked, context); !settled)
    return context.fail(settled.error());
  return explain_graph(checked, options, chosen->names.empty() ? "" : chosen->names.front(),
                       context);
}

}  // namespace

CommandSpec explain_command() {
  return command<Options>(
             "explain",
             "Show a model's paths, shapes, costs and memory, or those under one path; or explain "
             "a module, a loss, an optimizer, ... or an error code.")
      .group(&Options::manifest)
      .option("memory", &Options::memory, "Also find the largest batch that fits: 8GiB.")
      .option("assume", &Options::assume, "What a named axis counts as: T=128.")
      .flag("plan", &Options::plan,
            "Show how the steps run: which of them as one, and why others do not.")
      .flag("json", &Options::json, "As JSON.")
      .example("fdl explain")
      .example("fdl explain 'encoder.*.attention'")
      .example("fdl explain --memory 8GiB")
      .example("fdl explain --plan")
      .example("fdl explain conv2d")
      .example("fdl explain FDL3006")
      .runs(run);
}

}  // namespace fdl::commands
