#include "commands/command.h"

#include <algorithm>

#include "lib/base/closest.h"

namespace fdl::commands {

#define FDL_COMMAND(name) CommandSpec name##_command();
#include "commands/commands.inc"
#undef FDL_COMMAND

const std::vector<CommandSpec>& all_commands() {
  static const std::vector<CommandSpec> commands = {
#define FDL_COMMAND(name) name##_command(),
#include "commands/commands.inc"
#undef FDL_COMMAND
  };
  return commands;
}

std::string help_text(const CommandSpec& spec, const CLI::App& app) {
  std::string out = fmt::format("{}\n\nUsage: fdl {}", spec.summary, spec.name);
  std::string arguments, options;
  for (const CLI::Option* option : app.get_options()) {
    const bool positional = option->get_positional();
    const std::string name = positional ? option->get_name(true) : option->get_name(false, true);
    const bool takes_value = !positional && option->get_items_expected_max() > 0;
    (positional ? arguments : options) += fmt::format(
        "  {:<24} {}\n", name + (takes_value ? " VALUE" : ""), option->get_description());
    if (positional) out += " [" + name + "]";
  }
  out += " [options]\n";
  if (!arguments.empty()) out += "\nArguments:\n" + arguments;
  if (!options.empty()) out += "\nOptions:\n" + options;
  if (!spec.examples.empty()) out += "\nExamples:\n";
  for (const std::string& example : spec.examples) out += "  " + example + "\n";
  return out;
}

std::optional<int> parse_words(CLI::App& app, const CommandSpec& spec,
                               const std::vector<std::string>& words, Context& context) {
  std::vector<std::string> reversed(words.rbegin(), words.rend());  // CLI11 takes them from the end
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    context.print(help_text(spec, app));
    return 0;
  } catch (const CLI::ParseError& e) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    Diagnostic d =
        error(Code::BadCommandLine, {}, "'fdl {}' cannot be understood: {}", spec.name, e.what());
    for (const std::string& word : words) {
      const bool known =
          std::find(names.begin(), names.end(), word.substr(0, word.find('='))) != names.end();
      if (!word.starts_with("--") || known) continue;
      d.message = fmt::format("'fdl {}' has no option '{}'", spec.name, word);
      if (const auto near = closest(word.substr(0, word.find('=')), names))
        d = std::move(d).note("did you mean '{}'?", *near);
      break;
    }
    return context.fail(std::move(d).help("`fdl help {}` shows what it takes", spec.name));
  }
  return std::nullopt;
}

Diagnostic unknown_name(const char* what, const std::string& given,
                        const std::vector<std::string>& known) {
  Diagnostic d = error(Code::BadCommandLine, {}, "there is no {} '{}'", what, given);
  if (const auto near = closest(given, known)) d = std::move(d).help("did you mean '{}'?", *near);
  return std::move(d).note("there are {}", one_of(known));
}

}  // namespace fdl::commands
