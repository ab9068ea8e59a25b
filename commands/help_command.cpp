#include <algorithm>

#include "commands/command.h"
#include "commands/manifest_choice.h"
#include "lib/base/closest.h"

namespace fdl::commands {
namespace {

struct Options {
  std::string name;
};

std::string project_commands(const Context& context) {
  Diagnostics ignored;
  const auto file = config::find_manifest(context.folder);
  if (!file) return "";
  const auto manifest = config::load_manifest(*file, {}, {}, context.folder, ignored);
  const config::Node* commands = manifest ? manifest->root.find("commands") : nullptr;
  if (commands == nullptr || commands->entries.empty()) return "";
  std::string out = fmt::format("\nCommands of {}:\n", manifest->layers.back());
  for (const config::Entry& entry : commands->entries) {
    const config::Node* text = entry.value.find("description");
    out += fmt::format("  {:<12} {}\n", entry.key, text != nullptr ? text->text : "");
  }
  return out;
}

int run(const Options& options, Context& context) {
  if (options.name.empty()) {
    std::string out =
        "fdl trains neural networks declared in YAML.\n\nUsage: fdl [@env] COMMAND "
        "[arguments]\n\nCommands:\n";
    for (const CommandSpec& spec : all_commands())
      out += fmt::format("  {:<12} {}\n", spec.name, spec.summary);
    context.print(out + project_commands(context) +
                  "\n`fdl help COMMAND` shows what a command takes.\n");
    return 0;
  }
  std::vector<std::string> names;
  for (const CommandSpec& spec : all_commands()) {
    if (spec.name == options.name) {
      context.print(spec.help());
      return 0;
    }
    names.push_back(spec.name);
  }
  Diagnostic d = error(Code::BadCommandLine, {}, "there is no command '{}'", options.name);
  if (const auto near = closest(options.name, names))
    d = std::move(d).help("did you mean '{}'?", *near);
  return context.fail(d);
}

}  // namespace

CommandSpec help_command() {
  return command<Options>("help", "Show the commands, or what one of them takes.")
      .positional("name", &Options::name, "A command.")
      .example("fdl help run")
      .runs(run);
}

}  // namespace fdl::commands
