#include "commands/command.h"
#include "commands/data/data.h"

namespace fdl::commands {
namespace {

struct Action {
  std::string_view name;
  int (*run)(const DataOptions&, Context&);
};
constexpr Action kActions[] = {
    {"list", list_data}, {"show", show_data}, {"stats", stats_of_data}, {"fetch", fetch_data}};

int run(const DataOptions& options, Context& context) {
  const std::string given = options.manifest.words.empty() ? "" : options.manifest.words.front();
  if (options.samples < 0 || options.samples > 10'000) {
    return context.fail(error(Code::BadCommandLine, {}, "--samples is {}", options.samples)
                            .help("it must be from 0 to 10000"),
                        options.json);
  }
  for (const Action& action : kActions) {
    if (given != action.name) continue;
    DataOptions rest = options;
    rest.manifest.words.erase(rest.manifest.words.begin());
    return action.run(rest, context);
  }
  return context.fail(error(Code::BadCommandLine, {},
                            "'fdl data' takes list, show, stats or fetch, not '{}'", given)
                          .help("`fdl help data` has examples"),
                      options.json);
}

}  // namespace

CommandSpec data_command() {
  using O = DataOptions;
  return command<O>("data",
                    "Look at the data of a job (show, stats); list known data sets, fetch one.")
      .group(&O::manifest)
      .option("data", &O::data, "With show and stats: train, val, test, or one set: val/NAME.")
      .option("samples", &O::samples, "With show: how many samples to print.")
      .option("sheet", &O::sheet, "With show: the PNG file that pictures are drawn into.")
      .flag("no-sheet", &O::no_sheet, "With show: draw no pictures.")
      .option("from", &O::from, "With fetch: a file or folder that is already here.")
      .option("to", &O::to, "With fetch: the folder; by default data/NAME beside the manifest.")
      .option("mirror", &O::mirror, "With fetch: where to download from, in the known ones' place.")
      .flag("json", &O::json, "As JSON.")
      .example("fdl data list")
      .example("fdl data fetch mnist")
      .example("fdl data fetch cifar10 --from ~/downloads")
      .example("fdl data show --samples 3")
      .example("fdl data stats fdl.yml --data val")
      .runs(run);
}

}  // namespace fdl::commands
