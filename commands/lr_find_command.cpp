#include <nlohmann/json.hpp>

#include "commands/command.h"
#include "commands/engine_process.h"
#include "commands/passing_run.h"
#include "commands/ready_job.h"
#include "lib/job/run_folder.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;

struct Options {
  ManifestChoice manifest;
  double min_lr = 1e-7, max_lr = 10;
  std::int64_t steps = 100;
  std::string output = "lr_find.csv";
  bool json = false;
};

int show(const monitor::Event& event, const Options& options, const ReadyJob& ready,
         Context& context) {
  const double suggestion = event.number("suggestion").value_or(0);
  const double lowest = event.number("lowest_lr").value_or(0);
  const std::string key =
      "training.optimizer." + ready.checked.job->training.optimizer.name() + ".lr";
  if (options.json) {
    const nlohmann::ordered_json out = {
        {"suggestion", suggestion}, {"lowest_lr", lowest}, {"key", key}, {"curve", options.output}};
    context.print(out.dump() + "\n");
    return 0;
  }
  context.print(fmt::format("{}={:.3g}\n", key, suggestion));
  context.tell(fmt::format("there the loss falls most steeply; it is lowest at {:.3g}\ncurve: {}\n",
                           lowest, options.output));
  return 0;
}

int run(const Options& options, Context& context) {
  const bool is_range =
      options.min_lr > 0 && options.min_lr < options.max_lr && options.steps >= 10;
  if (!is_range) {
    return context.fail(error(Code::BadCommandLine, {},
                              "a range from {} to {} in {} steps cannot be tested", options.min_lr,
                              options.max_lr, options.steps)
                            .help("--min must be above 0 and below --max, --steps at least 10"));
  }
  Result<ChosenManifest> chosen = choose_manifest(options.manifest, context);
  if (!chosen) return context.fail(chosen.error());
  if (chosen->names.size() == 1) chosen->selection.preset = chosen->names.front();
  Diagnostics problems;
  int code = 0;
  auto manifest = load(*chosen, context, problems);
  const auto ready = make_ready(std::move(manifest), true, problems, context, code);
  if (!ready) return code;
  const PassingRun passing;
  const auto run = job::create_run(ready->manifest, *ready->checked.graph, *ready->checked.job,
                                   {timestamp_now(), {}, {"lr-find"}, passing.folder()});
  if (!run) return context.fail(run.error());
  const EngineCall call{
      {"lr-find", run->path.string(), "--output", (context.folder / options.output).string(),
       "--min", config::show_number(options.min_lr), "--max", config::show_number(options.max_lr),
       "--steps", std::to_string(options.steps)},
      run->path,
      ready->manifest.folder};
  code = supervise(call, context);
  if (code != 0) return code;
  for (const monitor::Event& event : monitor::read_events(run->path / "events.jsonl")) {
    if (event.kind == "lr_find") return show(event, options, *ready, context);
  }
  return context.fail(error(Code::EngineDied, {}, "the engine ended without a result"));
}

}  // namespace

CommandSpec lr_find_command() {
  return command<Options>(
             "lr-find",
             "Try growing learning rates for a few steps, and suggest one (Smith's range test).")
      .group(&Options::manifest)
      .option("min", &Options::min_lr, "The first rate.")
      .option("max", &Options::max_lr, "The last rate.")
      .option("steps", &Options::steps, "How many updates.")
      .option("output", &Options::output, "The curve, as a table: lr, loss, smooth.")
      .flag("json", &Options::json, "As JSON.")
      .example("fdl lr-find")
      .example("fdl lr-find --min 1e-5 --max 1 --steps 200")
      .runs(run);
}

}  // namespace fdl::commands
