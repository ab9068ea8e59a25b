// Entry point of `fdl`: finds the command, a built-in one or one of the manifest.
#include <algorithm>
#include <cstdio>
#include <unistd.h>

#include "commands/command.h"
#include "commands/project_command.h"
#include "lib/base/closest.h"
#include "lib/base/terminal.h"

namespace fdl::commands {
namespace {

Context context_of_process() {
  Context context;
  std::error_code code;
  context.folder = std::filesystem::current_path(code);
  context.color_out = wants_color(STDOUT_FILENO);
  context.color_err = wants_color(STDERR_FILENO);
  if (is_terminal(STDIN_FILENO)) {
    context.ask_person = [](const std::string& question) {
      std::fputs(question.c_str(), stderr);
      std::string answer;
      for (int c = std::getchar(); c != EOF && c != '\n'; c = std::getchar())
        answer += static_cast<char>(c);
      return answer;
    };
  }
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string variable = *entry;
    const std::size_t equals = variable.find('=');
    if (equals != std::string::npos)
      context.environment[variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  return context;
}

int run_project_command(const std::string& name, std::vector<std::string> words, Context& context) {
  std::vector<std::string> names;
  for (const CommandSpec& spec : all_commands()) names.push_back(spec.name);
  const Result<ChosenManifest> chosen = choose_manifest({}, context);
  if (chosen) {
    const ProjectCommand found = find_project_command(*chosen, name, context);
    if (found.kind == ProjectCommand::Kind::Preset) {
      words.insert(words.begin(), {"--preset", name});
      return all_commands().front().invoke(words, context);
    }
    if (found.kind == ProjectCommand::Kind::Shell) {
      const bool has_words = !words.empty() && words.front() != "--";
      if (has_words) {
        return context.fail(
            error(Code::BadCommandLine, {}, "'{}' takes no words of its own, but got '{}'", name,
                  words.front())
                .help("words after -- are passed on: fdl {} -- {}", name, words.front()));
      }
      if (!words.empty()) words.erase(words.begin());
      return run_shell_command(found, words, context);
    }
    for (std::string& own : project_command_names(*chosen, context))
      names.push_back(std::move(own));
  }
  Diagnostic d = error(Code::BadCommandLine, {}, "there is no command '{}'", name);
  if (const auto near = closest(name, names))
    d = std::move(d).help("did you mean '{}'?", *near);
  else
    d = std::move(d).help("`fdl help` lists the commands");
  return context.fail(d);
}

int dispatch(std::vector<std::string> words) {
  Context context = context_of_process();
  if (!words.empty() && words.front().size() > 1 && words.front().front() == '@') {
    context.env = words.front().substr(1);
    words.erase(words.begin());
  }
  std::string name = words.empty() ? "help" : words.front();
  if (!words.empty()) words.erase(words.begin());
  if (name == "--help" || name == "-h") name = "help";
  if (name == "--version" || name == "-V") name = "version";
  for (const CommandSpec& spec : all_commands()) {
    if (spec.name == name) return spec.invoke(words, context);
  }
  return run_project_command(name, std::move(words), context);
}

}  // namespace
}  // namespace fdl::commands

int main(int argc, char** argv) {
  try {
    const int code = fdl::commands::dispatch(std::vector<std::string>(argv + 1, argv + argc));
    return std::fflush(stdout) == 0 ? code : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "fdl: %s\n", e.what());
    return 1;
  }
}
