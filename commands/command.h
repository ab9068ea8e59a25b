#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "commands/context.h"

namespace fdl::commands {

// A subcommand. From this one declaration follow parsing, help and the list of commands.
struct CommandSpec {
  std::string name;
  std::string summary;
  std::vector<std::string> examples;
  // Parses the words after the command and runs it.
  std::function<int(const std::vector<std::string>& words, Context& context)> invoke;
  std::function<std::string()> help;
};

// The text of `fdl help NAME`, from CLI11's own description of the options.
std::string help_text(const CommandSpec& spec, const CLI::App& app);
// Parses; the exit code when that already ends the command (help shown, or a bad command line).
std::optional<int> parse_words(CLI::App& app, const CommandSpec& spec,
                               const std::vector<std::string>& words, Context& context);

// A word of the command line that should be one of the `known` names of such a thing, and is none.
Diagnostic unknown_name(const char* what, const std::string& given,
                        const std::vector<std::string>& known);

template <typename Options>
class CommandBuilder {
 public:
  CommandBuilder(std::string name, std::string summary) {
    spec_.name = std::move(name);
    spec_.summary = std::move(summary);
  }
  template <typename M>
  CommandBuilder& positional(std::string name, M Options::*member, std::string doc) {
    declare_.push_back([=](CLI::App& app, Options& o) { app.add_option(name, o.*member, doc); });
    return *this;
  }
  CommandBuilder& flag(std::string name, bool Options::*member, std::string doc) {
    declare_.push_back(
        [=](CLI::App& app, Options& o) { app.add_flag("--" + name, o.*member, doc); });
    return *this;
  }
  template <typename M>
  CommandBuilder& option(std::string name, M Options::*member, std::string doc) {
    declare_.push_back([=](CLI::App& app, Options& o) {
      app.add_option("--" + name, o.*member, doc)->allow_extra_args(false);
    });
    return *this;
  }
  // A group of options that several commands share: a struct with `void declare(CLI::App&)`.
  template <typename M>
  CommandBuilder& group(M Options::*member) {
    declare_.push_back([=](CLI::App& app, Options& o) { (o.*member).declare(app); });
    return *this;
  }
  CommandBuilder& example(std::string text) {
    spec_.examples.push_back(std::move(text));
    return *this;
  }
  CommandSpec runs(int (*run)(const Options&, Context&)) const {
    CommandSpec out = spec_;
    const auto declare = declare_;
    const CommandSpec about = spec_;
    out.invoke = [declare, about, run](const std::vector<std::string>& words, Context& context) {
      Options options;
      CLI::App app(about.summary);
      for (const auto& one : declare) one(app, options);
      if (const auto ended = parse_words(app, about, words, context)) return *ended;
      context.words = words;
      return run(options, context);
    };
    out.help = [declare, about] {
      Options options;
      CLI::App app(about.summary);
      for (const auto& one : declare) one(app, options);
      return help_text(about, app);
    };
    return out;
  }

 private:
  CommandSpec spec_;
  std::vector<std::function<void(CLI::App&, Options&)>> declare_;
};

template <typename Options>
CommandBuilder<Options> command(std::string name, std::string summary) {
  return CommandBuilder<Options>(std::move(name), std::move(summary));
}

// All commands, in the order of commands.inc.
const std::vector<CommandSpec>& all_commands();

}  // namespace fdl::commands
