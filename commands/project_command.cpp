#include "commands/project_command.h"

#include <algorithm>

#include "lib/base/process.h"
#include "lib/job/job.h"

namespace fdl::commands {
namespace {

std::optional<config::Manifest> load_quietly(const ChosenManifest& chosen, const Context& context) {
  Diagnostics ignored;  // they are reported when the command needs them
  return load(chosen, context, ignored);
}

std::string text_of(const config::Node& command, std::string_view key) {
  const config::Node* node = command.find(key);
  return node != nullptr && node->is_scalar() ? node->text : "";
}

void add(std::string& line, const std::string& part) {
  if (!part.empty()) line += " " + part;
}

}  // namespace

ProjectCommand find_project_command(const ChosenManifest& chosen, const std::string& name,
                                    const Context& context) {
  ProjectCommand out;
  out.name = name;
  const auto manifest = load_quietly(chosen, context);
  const config::Node* commands = manifest ? manifest->root.find("commands") : nullptr;
  const config::Node* command = commands != nullptr ? commands->find(name) : nullptr;
  if (command == nullptr) return out;
  out.folder = manifest->folder;
  out.line = text_of(*command, "run");
  out.append = text_of(*command, "append");
  const std::vector<std::string> presets = config::preset_names(manifest->root, job::merge_rules());
  if (!out.line.empty())
    out.kind = ProjectCommand::Kind::Shell;
  else if (std::find(presets.begin(), presets.end(), name) != presets.end())
    out.kind = ProjectCommand::Kind::Preset;
  return out;
}

std::vector<std::string> project_command_names(const ChosenManifest& chosen,
                                               const Context& context) {
  std::vector<std::string> out;
  const auto manifest = load_quietly(chosen, context);
  const config::Node* commands = manifest ? manifest->root.find("commands") : nullptr;
  if (commands == nullptr) return out;
  for (const config::Entry& entry : commands->entries) out.push_back(entry.key);
  return out;
}

std::string compose_line(const std::string& line, const std::string& append,
                         const std::vector<std::string>& words) {
  const auto cut = std::find(words.begin(), words.end(), "--");
  std::string before, after;
  for (auto it = words.begin(); it != cut; ++it) add(before, shell_quote(*it));
  for (auto it = cut; it != words.end(); ++it) {
    if (it != cut) add(after, shell_quote(*it));
  }
  std::string append_before = append, append_after;
  bool separated = cut != words.end();
  const std::size_t at = append.starts_with("-- ") ? 0 : append.find(" -- ");
  if (at != std::string::npos) {
    append_before = append.substr(0, at);
    append_after = append.substr(at + (at == 0 ? 3 : 4));
    separated = true;
  }
  std::string out = line;
  add(out, append_before);
  out += before;
  if (!separated) return out;
  out += " --";
  add(out, append_after);
  return out + after;
}

int run_shell_command(const ProjectCommand& command, const std::vector<std::string>& words,
                      Context& context) {
  ProcessSpec spec;
  spec.program = "sh";
  spec.arguments = {"-c", compose_line(command.line, command.append, words)};
  spec.folder = command.folder;
  Result<Process> process = Process::start(spec);
  if (!process) return context.fail(process.error());
  return process->wait().shell_code();
}

}  // namespace fdl::commands
