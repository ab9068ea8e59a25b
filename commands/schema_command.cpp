#include "commands/command.h"
#include "commands/reference/reference.h"

namespace fdl::commands {
namespace {

struct Options {};

int run(const Options&, Context& context) {
  context.print(manifest_schema());
  return 0;
}

}  // namespace

CommandSpec schema_command() {
  return command<Options>(
             "schema", "Print the JSON Schema of manifests, by which editors check and complete.")
      .example("fdl schema > fdl.schema.json")
      .runs(run);
}

}  // namespace fdl::commands
