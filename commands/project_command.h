#pragma once

#include <string>
#include <vector>

#include "commands/context.h"
#include "commands/manifest_choice.h"

namespace fdl::commands {

// A command that a manifest declares under `commands:`.
struct ProjectCommand {
  enum class Kind { None, Shell, Preset };
  Kind kind = Kind::None;
  std::string name;
  std::string line;              // of a Shell: what `run:` says
  std::string append;            // its default trailing words
  std::filesystem::path folder;  // the manifest's
};

ProjectCommand find_project_command(const ChosenManifest& chosen, const std::string& name,
                                    const Context& context);

// The names of all of them.
std::vector<std::string> project_command_names(const ChosenManifest& chosen,
                                               const Context& context);

// Runs the shell line with the user's words; returns its exit code (128 + signal when killed).
int run_shell_command(const ProjectCommand& command, const std::vector<std::string>& words,
                      Context& context);

// `line`, the manifest's `append` and the user's words, each of the last two split at `--`.
std::string compose_line(const std::string& line, const std::string& append,
                         const std::vector<std::string>& words);

}  // namespace fdl::commands
