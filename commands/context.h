#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "commands/exit_code.h"
#include "lib/base/diagnostic.h"

namespace fdl::commands {

// What a command may know of the world around it, so that tests can give it another one.
struct Context {
  std::filesystem::path folder;                    // the current folder
  std::map<std::string, std::string> environment;  // of the process
  std::string env;                                 // selected by @env, before the command
  std::vector<std::string> words;                  // of the command line, behind the command's name
  bool color_out = false;
  bool color_err = false;
  // Where text goes; when empty, to the process's own standard output and error.
  std::function<void(const std::string&)> write_out, write_err;

  // Asks a person and gives the answer without its line's end; when empty, nobody can be asked.
  std::function<std::string(const std::string& question)> ask_person;

  // The answer, where there is somebody to give one.
  std::optional<std::string> ask(const std::string& question) const;
  // Results go to standard output, progress and diagnostics to standard error.
  void print(const std::string& text) const;
  void tell(const std::string& text) const;
  // Diagnostics as text to standard error, or one JSON object a line to standard output.
  void report(const Diagnostics& found, bool json) const;
  // A single failure: told, and turned into the exit code its kind has.
  int fail(const Diagnostic& d, bool json = false) const;
  std::string variable(const std::string& name) const;  // "" when unset
};

// 2 for the user's input, 3 for a machine that is not ready, 1 for the rest.
ExitCode exit_code_of(Code code);
// Of several problems, some of them errors: 1 when the world failed, else 2, else 3.
ExitCode exit_code_of(const Diagnostics& found);

}  // namespace fdl::commands
