#include "commands/command.h"
#include "commands/manifest_choice.h"
#include "commands/sweep/point_check.h"
#include "lib/job/initial_weights.h"
#include "lib/job/job.h"

namespace fdl::commands {
namespace {

struct Options {
  ManifestChoice manifest;
  bool no_data = false;
  bool json = false;
};

std::string with_commas(std::int64_t n) {
  std::string out = std::to_string(n);
  for (auto at = static_cast<std::ptrdiff_t>(out.size()) - 3; at > 0; at -= 3)
    out.insert(static_cast<std::size_t>(at), ",");
  return out;
}

// Also what `load:` finds in its files; the lines that say so.
std::string check_loads(const job::Checked& checked, const Options& options,
                        Diagnostics& problems) {
  std::string out;
  if (!checked.graph || options.no_data) return out;
  for (const job::LoadPlan& plan : job::plan_loads(*checked.graph, problems))
    out += "load: " + plan.summary() + "\n";
  return out;
}

std::string counted(std::size_t count, const char* what) {
  return fmt::format("; {} {}{} checked", count, what, count == 1 ? "" : "s");
}

int run(const Options& options, Context& context) {
  Result<ChosenManifest> chosen = choose_manifest(options.manifest, context);
  if (!chosen) return context.fail(chosen.error(), options.json);
  if (!chosen->names.empty())
    return context.fail(
        error(Code::ManifestMissing, {}, "there is no file '{}'", chosen->names.front()),
        options.json);
  Diagnostics problems;
  const auto manifest = load(*chosen, context, problems);
  std::string summary, loads;
  if (manifest) {
    const job::Checked checked =
        job::check(*manifest, context.environment, options.no_data, problems);
    loads = check_loads(checked, options, problems);
    summary = fmt::format("ok: {}", manifest->layers.back());
    if (checked.graph)
      summary += fmt::format(": {} parameters", with_commas(checked.graph->num_parameters()));
    std::vector<std::string> presets;
    if (chosen->selection.preset.empty())
      presets = config::preset_names(manifest->root, job::merge_rules());
    for (const std::string& preset : presets) {
      ChosenManifest with_preset = *chosen;
      with_preset.selection.preset = preset;
      const auto changed = load(with_preset, context, problems);
      if (changed) {
        const job::Checked other =
            job::check(*changed, context.environment, options.no_data, problems);
        check_loads(other, options, problems);
      }
    }
    if (!presets.empty()) summary += counted(presets.size(), "preset");
    if (checked.sweep && !problems.has_errors()) {
      const std::size_t num_points =
          check_sweep_points(*chosen, *checked.sweep, options.no_data, context, problems);
      summary += counted(num_points, "point");
    }
  }
  context.report(problems, options.json);
  if (problems.has_errors()) return static_cast<int>(exit_code_of(problems));
  if (!options.json) context.print(summary + "\n" + loads);
  return 0;
}

}  // namespace

CommandSpec check_command() {
  return command<Options>("check", "Report every problem in a manifest, with line and column.")
      .group(&Options::manifest)
      .flag("no-data", &Options::no_data, "Do not look at data files.")
      .flag("json", &Options::json, "Write one JSON object per problem to standard output.")
      .example("fdl check manifests/bench/mlp.yml")
      .runs(run);
}

}  // namespace fdl::commands
