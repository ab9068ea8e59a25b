#include <algorithm>

#include <nlohmann/json.hpp>

#include "commands/ckpt/ckpt.h"
#include "commands/command.h"
#include "lib/base/closest.h"
#include "lib/base/pattern.h"
#include "lib/format/checkpoint_manifest.h"
#include "lib/weights/writing.h"

namespace fdl::commands {
namespace {

struct Options {
  std::string run;
  std::string format = "safetensors";
  std::string path;
  bool strip = false;
  std::string output = "model.safetensors";
  bool force = false;
  bool json = false;
};

// What `--path` chooses, all without one. Errors: FDL4011, FDL2005.
Result<std::vector<weights::Copied>> choose_tensors(const weights::WeightFiles& files,
                                                    const Options& options) {
  std::vector<weights::Copied> out;
  for (const weights::StoredTensor& tensor : files.tensors) out.push_back({&tensor, tensor.name});
  if (options.path.empty()) return out;
  const auto pattern = Pattern::parse(options.path);
  if (!pattern) {
    return fail(error(Code::BadPattern, {}, "the pattern '{}' cannot be read: {}", options.path,
                      pattern.error()));
  }
  std::erase_if(out, [&](const weights::Copied& c) { return !pattern->matches(c.name); });
  if (out.empty()) {
    return fail(error(Code::BadPattern, {}, "the pattern '{}' matches none of the {} tensors",
                      options.path, files.tensors.size())
                    .help("`fdl ckpt show` lists them"));
  }
  return out;
}

// Takes the path itself away: "encoder.0.weight" becomes "0.weight" under --path encoder.
Result<void> strip_path(const std::string& path, std::vector<weights::Copied>& tensors) {
  const std::string prefix = path + ".";
  for (weights::Copied& one : tensors) {
    if (!one.name.starts_with(prefix)) {
      return fail(
          error(Code::OutOfRange, {}, "--strip needs the path of one subtree, not '{}'", path)
              .help("for example --path encoder --strip"));
    }
    one.name.erase(0, prefix.size());
  }
  return {};
}

std::map<std::string, std::string> metadata_of(const weights::WeightFiles& files) {
  std::map<std::string, std::string> out = files.metadata;
  out["format"] = "pt";  // what other readers ask for
  if (files.checkpoint.empty()) return out;
  out["checkpoint"] = files.checkpoint.filename().string();
  if (const auto manifest = format::read_checkpoint_manifest(files.checkpoint))
    out["graph_hash"] = manifest->graph_hash;
  return out;
}

int run(const Options& options, Context& context) {
  if (options.format != "safetensors") {
    return context.fail(
        error(Code::NotAChoice, {}, "--format must be safetensors, not '{}'", options.format),
        options.json);
  }
  const auto files = open_named(options.run, context);
  if (!files) return context.fail(files.error(), options.json);
  auto tensors = choose_tensors(*files, options);
  if (!tensors) return context.fail(tensors.error(), options.json);
  const auto fine = options.strip ? strip_path(options.path, *tensors) : Result<void>();
  if (!fine) return context.fail(fine.error(), options.json);
  const std::filesystem::path output = context.folder / options.output;
  if (const auto may = may_write(output, options.force); !may)
    return context.fail(may.error(), options.json);
  const auto written = weights::copy_tensors(*files, *tensors, metadata_of(*files), output);
  if (!written) return context.fail(written.error(), options.json);
  const nlohmann::ordered_json out = {{"output", options.output},
                                      {"from", shown_place(*files, context)},
                                      {"num_tensors", tensors->size()}};
  context.print(options.json ? out.dump() + "\n"
                             : fmt::format("{}: {} tensors of {}\n", options.output,
                                           tensors->size(), shown_place(*files, context)));
  return 0;
}

}  // namespace

CommandSpec export_command() {
  using O = Options;
  return command<O>("export", "Write a run's weights, or a part of them, into a file for others.")
      .positional("run", &O::run,
                  "A run with or without @STEP, a checkpoint or a file; by default the newest run. "
                  "Of a run, its best checkpoint, else its last.")
      .option("format", &O::format, "safetensors.")
      .option("path", &O::path, "Only what is under this path or pattern.")
      .flag("strip", &O::strip, "With --path: begin the names below it.")
      .option("output", &O::output, "The file to write.")
      .flag("force", &O::force, "Replace a file that is there.")
      .flag("json", &O::json, "As JSON.")
      .example("fdl export --output fashion.safetensors")
      .example("fdl export run@500 --path encoder --strip --output encoder.safetensors")
      .runs(run);
}

}  // namespace fdl::commands
