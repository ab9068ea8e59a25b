#include "commands/command.h"
#include "commands/manifest_choice.h"
#include "lib/base/closest.h"
#include "lib/config/show.h"
#include "lib/job/job.h"

namespace fdl::commands {
namespace {

struct Options {
  std::string action;
  ManifestChoice manifest;
  bool json = false;
  bool origin = false;
};

int show(const config::Manifest& manifest, const Options& options, Context& context) {
  config::Node root = manifest.root;
  for (const auto& [section, record] :
       {std::pair{"training", &job::training_record()}, {"output", &job::output_record()}}) {
    if (config::Node* node = root.find(section)) config::add_defaults(*node, *record);
  }
  context.print(options.json ? config::to_json(root, options.origin) + "\n"
                             : config::to_yaml_with_origins(root, manifest.deletions));
  return 0;
}

int get(const config::Manifest& manifest, const std::vector<std::string>& names,
        const Options& options, Context& context) {
  if (names.size() != 1)
    return context.fail(error(Code::BadCommandLine, {}, "'fdl config get' takes one path")
                            .help("for example fdl config get training.epochs"));
  const config::Node* node = config::find_path(manifest.root, names.front());
  if (node != nullptr) {
    context.print(options.json ? config::to_json(*node, options.origin) + "\n"
                               : config::to_plain(*node));
    return 0;
  }
  Diagnostic d = error(Code::UnknownKey, {}, "the manifest has no value at '{}'", names.front());
  const std::size_t dot = names.front().rfind('.');
  const config::Node* parent = dot == std::string::npos
                                   ? &manifest.root
                                   : config::find_path(manifest.root, names.front().substr(0, dot));
  std::vector<std::string> keys;
  if (parent != nullptr)
    for (const config::Entry& entry : parent->entries) keys.push_back(entry.key);
  if (const auto near = closest(names.front().substr(dot + 1), keys))
    d = std::move(d).help("did you mean '{}'?", *near);
  return context.fail(d);
}

int run(const Options& options, Context& context) {
  if (options.action != "show" && options.action != "get")
    return context.fail(error(Code::BadCommandLine, {}, "'fdl config' takes show or get, not '{}'",
                              options.action));
  Result<ChosenManifest> chosen = choose_manifest(options.manifest, context);
  if (!chosen) return context.fail(chosen.error());
  Diagnostics problems;
  const auto manifest = load(*chosen, context, problems);
  context.report(problems, false);
  if (!manifest || problems.has_errors()) return static_cast<int>(ExitCode::BadInput);
  return options.action == "show" ? show(*manifest, options, context)
                                  : get(*manifest, chosen->names, options, context);
}

}  // namespace

CommandSpec config_command() {
  return command<Options>(
             "config",
             "Show the merged manifest, or one value of it, with where each value came from.")
      .positional("action", &Options::action, "show or get.")
      .group(&Options::manifest)
      .flag("json", &Options::json, "As JSON.")
      .flag("origin", &Options::origin, "With --json: each leaf as {value, origin}.")
      .example("fdl config show training.epochs=3")
      .example("fdl config get training.optimizer")
      .runs(run);
}

}  // namespace fdl::commands
