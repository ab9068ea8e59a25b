#include <algorithm>

#include <nlohmann/json.hpp>

#include "commands/ckpt/ckpt.h"
#include "commands/command.h"
#include "commands/export/onnx.h"
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
  std::string model;
  std::string output;
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

int export_safetensors(const weights::WeightFiles& files, const Options& options,
                       Context& context) {
  auto tensors = choose_tensors(files, options);
  if (!tensors) return context.fail(tensors.error(), options.json);
  const auto fine = options.strip ? strip_path(options.path, *tensors) : Result<void>();
  if (!fine) return context.fail(fine.error(), options.json);
  const auto written =
      weights::copy_tensors(files, *tensors, metadata_of(files), context.folder / options.output);
  if (!written) return context.fail(written.error(), options.json);
  const nlohmann::ordered_json out = {{"output", options.output},
                                      {"from", shown_place(files, context)},
                                      {"num_tensors", tensors->size()}};
  context.print(options.json ? out.dump() + "\n"
                             : fmt::format("{}: {} tensors of {}\n", options.output,
                                           tensors->size(), shown_place(files, context)));
  return 0;
}

// What the chosen format has no meaning for.
Result<void> check_format(const Options& options) {
  if (options.format != "safetensors" && options.format != "onnx") {
    return fail(error(Code::NotAChoice, {}, "--format must be safetensors or onnx, not '{}'",
                      options.format));
  }
  const bool is_onnx = options.format == "onnx";
  if (is_onnx && (!options.path.empty() || options.strip)) {
    return fail(error(Code::DoNotGoTogether, {}, "an ONNX file holds a whole model, not a part")
                    .help("leave out --path and --strip"));
  }
  if (!is_onnx && !options.model.empty()) {
    return fail(error(Code::DoNotGoTogether, {}, "--model goes with --format onnx")
                    .help("weights alone need no model"));
  }
  return {};
}

int run(const Options& given, Context& context) {
  Options options = given;
  if (const auto fine = check_format(options); !fine)
    return context.fail(fine.error(), options.json);
  if (options.output.empty()) options.output = "model." + options.format;
  const auto files = open_named(options.run, context);
  if (!files) return context.fail(files.error(), options.json);
  if (const auto may = may_write(context.folder / options.output, options.force); !may)
    return context.fail(may.error(), options.json);
  if (options.format == "onnx")
    return export_onnx(*files, {options.model, options.output, options.json}, context);
  return export_safetensors(*files, options, context);
}

}  // namespace

CommandSpec export_command() {
  using O = Options;
  return command<O>("export",
                    "Write a run's weights, or the model with them, into a file for others.")
      .positional("run", &O::run,
                  "A run with or without @STEP, a checkpoint or a file; by default the newest run. "
                  "Of a run, its best checkpoint, else its last.")
      .option("format", &O::format, "safetensors: weights; onnx: the model as it evaluates.")
      .option("path", &O::path, "Only what is under this path or pattern.")
      .flag("strip", &O::strip, "With --path: begin the names below it.")
      .option("model", &O::model, "With --format onnx: the manifest that weights of no run are of.")
      .option("output", &O::output,
              "The file to write; by default model.safetensors or model.onnx.")
      .flag("force", &O::force, "Replace a file that is there.")
      .flag("json", &O::json, "As JSON.")
      .example("fdl export --output fashion.safetensors")
      .example("fdl export run@500 --path encoder --strip --output encoder.safetensors")
      .example("fdl export --format onnx")
      .example("fdl export resnet18.safetensors --model manifests/zoo/resnet18.yml --format onnx")
      .runs(run);
}

}  // namespace fdl::commands
