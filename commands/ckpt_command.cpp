#include "commands/ckpt/ckpt.h"
#include "commands/command.h"

namespace fdl::commands {
namespace {

struct Action {
  std::string_view name;
  std::size_t least, most;  // names that it takes
  int (*run)(const CkptOptions&, Context&);
};

constexpr std::size_t kAny = SIZE_MAX;
constexpr Action kActions[] = {{"show", 0, 1, show_checkpoint},
                               {"diff", 2, 2, diff_checkpoints},
                               {"verify", 0, kAny, verify_checkpoints},
                               {"average", 2, kAny, average_checkpoints}};

int run(const CkptOptions& options, Context& context) {
  for (const Action& action : kActions) {
    if (options.action != action.name) continue;
    if (options.names.size() >= action.least && options.names.size() <= action.most)
      return action.run(options, context);
    const std::string count = action.least == action.most ? std::to_string(action.most)
                              : action.most == kAny       ? fmt::format("at least {}", action.least)
                                                          : fmt::format("at most {}", action.most);
    return context.fail(
        error(Code::BadCommandLine, {}, "'fdl ckpt {}' takes {} file{}, not {}", action.name, count,
              count.ends_with(" 1") ? "" : "s", options.names.size())
            .help("`fdl help ckpt` has examples"),
        options.json);
  }
  return context.fail(
      error(Code::BadCommandLine, {}, "'fdl ckpt' takes show, diff, verify or average, not '{}'",
            options.action),
      options.json);
}

}  // namespace

CommandSpec ckpt_command() {
  using O = CkptOptions;
  return command<O>("ckpt",
                    "Look into checkpoints and safetensors files: show, diff, verify, average.")
      .positional("action", &O::action, "show, diff, verify or average.")
      .positional("names", &O::names,
                  "Safetensors files, folders of them, checkpoints, or runs with or without @STEP; "
                  "by default the newest run.")
      .flag("stats", &O::stats, "With show: also the range, mean and deviation of each tensor.")
      .option("output", &O::output, "With average: the file to write.")
      .flag("force", &O::force, "With average: replace a file that is there.")
      .flag("json", &O::json, "As JSON.")
      .example("fdl ckpt show model.safetensors --stats")
      .example("fdl ckpt diff run_a@last run_b@500     # exit code 1 when they differ")
      .example("fdl ckpt verify runs/fashion_cnn/20260101-120000-1a2b3c")
      .example("fdl ckpt average run@400 run@500 --output mean.safetensors")
      .runs(run);
}

}  // namespace fdl::commands
