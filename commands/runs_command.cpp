#include "commands/command.h"
#include "commands/runs/runs.h"

namespace fdl::commands {
namespace {

struct Action {
  std::string_view name;
  std::size_t least, most;  // names that it takes
  int (*run)(const RunsOptions&, Context&);
};

constexpr std::size_t kAny = SIZE_MAX;
constexpr Action kActions[] = {{"list", 0, 1, list_runs},
                               {"show", 0, kAny, show_run},
                               {"compare", 2, kAny, compare_runs},
                               {"plot", 0, kAny, plot_runs},
                               {"rm", 1, kAny, remove_runs}};

int run(const RunsOptions& options, Context& context) {
  for (const Action& action : kActions) {
    if (options.action != action.name) continue;
    if (options.names.size() >= action.least && options.names.size() <= action.most)
      return action.run(options, context);
    const bool too_few = options.names.size() < action.least;
    return context.fail(
        error(Code::BadCommandLine, {}, "'fdl runs {}' takes {} {} name{}, not {}", action.name,
              too_few ? "at least" : "at most", too_few ? action.least : action.most,
              (too_few ? action.least : action.most) == 1 ? "" : "s", options.names.size())
            .help("`fdl help runs` has examples"),
        options.json);
  }
  return context.fail(
      error(Code::BadCommandLine, {}, "'fdl runs' takes list, show, compare, plot or rm, not '{}'",
            options.action)
          .help("`fdl help runs` has examples"),
      options.json);
}

}  // namespace

CommandSpec runs_command() {
  using O = RunsOptions;
  return command<O>("runs", "The runs there are: list, show, compare, plot, remove.")
      .positional("action", &O::action, "list, show, compare, plot or rm; by default list.")
      .positional("names", &O::names,
                  "Runs by folder, folder name or given name; of list, a folder of runs.")
      .option(
          "metric", &O::metric,
          "With list: the metric to show. With plot: what to draw, such as val/loss or step_ms.")
      .option("out", &O::out, "With plot: a file that ends in .svg or .png, not the terminal.")
      .option("x", &O::x, "With plot: step or time.")
      .flag("log", &O::log, "With plot: a logarithmic axis of values.")
      .flag("yes", &O::yes, "With rm: do not ask.")
      .flag("json", &O::json, "As JSON.")
      .example("fdl runs")
      .example("fdl runs show baseline")
      .example("fdl runs compare baseline wide")
      .example("fdl runs plot baseline wide val/loss")
      .example("fdl runs plot loss --log --out loss.svg")
      .example("fdl runs rm 20260101-120000-1a2b3c --yes")
      .runs(run);
}

}  // namespace fdl::commands
