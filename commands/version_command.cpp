#include "commands/command.h"

namespace fdl::commands {
namespace {

struct Options {
  bool json = false;
};

int run(const Options& options, Context& context) {
  context.print(options.json ? fmt::format("{{\"fdl\": \"{}\"}}\n", FDL_VERSION)
                             : fmt::format("fdl {}\n", FDL_VERSION));
  return 0;
}

}  // namespace

CommandSpec version_command() {
  return command<Options>("version", "Show the version.")
      .flag("json", &Options::json, "As JSON.")
      .runs(run);
}

}  // namespace fdl::commands
