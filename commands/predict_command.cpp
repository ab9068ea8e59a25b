#include <csignal>

#include "commands/command.h"
#include "commands/engine_process.h"
#include "commands/run_choice.h"
#include "lib/job/load.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string run, input, output, format;
};

int run(const Options& options, Context& context) {
  if (options.input.empty()) {
    return context.fail(error(Code::BadCommandLine, {}, "'fdl predict' needs --input")
                            .help("--input FILE, or a folder of pictures"));
  }
  const Result<fs::path> folder = choose_run(options.run, context);
  if (!folder) return context.fail(folder.error());
  Diagnostics problems;
  const auto manifest = job::load_run(*folder, problems);
  if (!manifest || problems.has_errors()) {
    context.report(problems, false);
    return static_cast<int>(ExitCode::BadInput);
  }
  const fs::path input = context.folder / options.input;
  std::vector<std::string> arguments = {"predict", folder->string(), "--input",
                                        input.lexically_normal().string()};
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) arguments.insert(arguments.end(), {option, value});
  };
  add("--output", options.output.empty() ? "" : (context.folder / options.output).string());
  add("--format", options.format);
  Result<ProcessSpec> spec = engine_spec(arguments, manifest->folder, context);
  if (!spec) return context.fail(spec.error());
  spec->own_group = false;  // Ctrl-C reaches it by itself: there is no state to save
  Result<Process> engine = Process::start(*spec);
  if (!engine) return context.fail(engine.error());
  std::signal(SIGINT, SIG_IGN);
  return engine->wait().shell_code();
}

}  // namespace

CommandSpec predict_command() {
  return command<Options>("predict",
                          "What a run's best checkpoint (else its last) says about new samples.")
      .positional("run", &Options::run, "A run's folder or name; by default the newest.")
      .option("input", &Options::input,
              "A .csv, .tsv, .jsonl, .npy, .safetensors or idx file, a picture, or a folder of "
              "pictures.")
      .option("output", &Options::output,
              "The file to write: .csv, .jsonl, .npy or .safetensors; by default standard output.")
      .option("format", &Options::format,
              "csv, jsonl, npy or safetensors, where the output's name does not tell.")
      .example("fdl predict --input new.csv")
      .example("fdl predict wide --input pictures/ --output labels.jsonl")
      .runs(run);
}

}  // namespace fdl::commands
