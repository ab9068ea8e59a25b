// `fdl data show` and `fdl data stats`: the engine looks, this tells.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "commands/data/data.h"
#include "commands/engine_process.h"
#include "commands/passing_run.h"
#include "commands/ready_job.h"
#include "lib/base/files.h"
#include "lib/job/job.h"
#include "lib/job/run_folder.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Answer {
  int code = 0;
  Json splits;
};

Answer ask(const DataOptions& options, std::vector<std::string> arguments, Context& context) {
  Result<ChosenManifest> chosen = choose_manifest(options.manifest, context);
  if (!chosen) return {context.fail(chosen.error(), options.json), {}};
  if (!chosen->names.empty()) chosen->selection.preset = chosen->names.front();
  Diagnostics problems;
  const auto manifest = load(*chosen, context, problems);
  job::Checked checked;
  if (manifest) checked = job::check(*manifest, context.environment, false, problems);
  if (manifest && !problems.has_errors() && !checked.job) {
    problems.add(error(Code::NoJob, manifest->root.span, "this manifest has no data to look at")
                     .help("a job needs `model:`, `data:` and `training:`"));
  }
  context.report(problems, options.json);
  if (problems.has_errors()) return {static_cast<int>(exit_code_of(problems)), {}};
  const PassingRun passing;
  const Result<job::RunFolder> run = job::create_run(
      *manifest, *checked.graph, *checked.job, {timestamp_now(), {}, {"data"}, passing.folder()});
  if (!run) return {context.fail(run.error(), options.json), {}};
  arguments.insert(arguments.begin(), {"data", run->path.string(), "--data", options.data});
  const int code = supervise({arguments, run->path, manifest->folder}, context);
  if (code != 0) return {code, {}};
  const Result<std::string> text = read_file(run->path / "data.json");
  if (!text) return {context.fail(text.error(), options.json), {}};
  return {0, Json::parse(*text, nullptr, false)};
}

std::string heading(const Json& split) {
  return fmt::format("{}: {} samples of {}\n", split["split"].get<std::string>(),
                     split["num_samples"].get<std::int64_t>(), split["source"].get<std::string>());
}

std::string number(const Json& value) {
  return value.is_null() ? "-" : fmt::format("{:.6g}", value.get<double>());
}

std::string counts(const Json& field) {
  std::string out;
  constexpr std::size_t kMostClasses = 100;
  for (const Json& one : field["classes"]) {
    if (&one - &field["classes"][0] >= static_cast<std::ptrdiff_t>(kMostClasses)) {
      out += fmt::format("    and {} more\n", field["classes"].size() - kMostClasses);
      break;
    }
    const auto word = one["word"].get<std::string>();
    out += fmt::format("    {:>8}  {}{}\n", one["count"].get<std::int64_t>(),
                       one["class"].get<std::int64_t>(), word.empty() ? "" : " " + word);
  }
  return out.empty() ? out : "  classes of " + field["name"].get<std::string>() + ":\n" + out;
}

std::string row(const std::string& name, const Json& numbers) {
  std::string out =
      fmt::format("  {:<16} {:<18} {:>12} {:>9} {:>11} {:>11} {:>11} {:>11}", name,
                  numbers["type"].get<std::string>(), numbers["count"].get<std::int64_t>(),
                  numbers["missing"].get<std::int64_t>(), number(numbers["min"]),
                  number(numbers["max"]), number(numbers["mean"]), number(numbers["std"]));
  if (numbers.contains("lengths"))
    out += fmt::format("  {} to {} long", numbers["lengths"][0].get<std::int64_t>(),
                       numbers["lengths"][1].get<std::int64_t>());
  return out + "\n";
}

std::string stats_text(const Json& split) {
  std::string out = heading(split);
  out += fmt::format("  {:<16} {:<18} {:>12} {:>9} {:>11} {:>11} {:>11} {:>11}\n", "field", "type",
                     "count", "missing", "min", "max", "mean", "std");
  for (const Json& field : split["fields"]) {
    out += row(field["name"].get<std::string>(), field["source"]);
    if (field["seen"] != field["source"]) out += row("  transformed", field["seen"]);
  }
  for (const Json& field : split["fields"]) {
    if (field.contains("normalize"))
      out += fmt::format(
          "  {}: normalize: {{ mean: {:.6g}, std: {:.6g} }}{}\n", field["name"].get<std::string>(),
          field["normalize"]["mean"].get<double>(), field["normalize"]["std"].get<double>(),
          field["source"]["type"].get<std::string>().starts_with("u8") ? " after to_f32" : "");
  }
  for (const Json& field : split["fields"]) out += counts(field);
  return out;
}

std::string show_text(const Json& split) {
  std::string out = heading(split);
  for (const Json& field : split["fields"]) {
    out += fmt::format("  {}: {}\n", field["name"].get<std::string>(),
                       field["seen"]["type"].get<std::string>());
  }
  std::size_t index = 0;
  for (const Json& sample : split["samples"]) {
    out += fmt::format("  sample {}\n", index++);
    for (const auto& [name, value] : sample.items())
      out += fmt::format("    {}: {}\n", name, value.get<std::string>());
  }
  for (const Json& field : split["fields"]) out += counts(field);
  if (split.contains("sheet"))
    out += fmt::format("  contact sheet: {}\n", split["sheet"].get<std::string>());
  return out;
}

int tell(const Answer& answer, const DataOptions& options, std::string (*text)(const Json&),
         Context& context) {
  if (answer.code != 0) return answer.code;
  if (options.json) {
    context.print(answer.splits.dump() + "\n");
    return 0;
  }
  for (const Json& split : answer.splits) context.print(text(split));
  return 0;
}

}  // namespace

int stats_of_data(const DataOptions& options, Context& context) {
  return tell(ask(options, {"--stats"}, context), options, stats_text, context);
}

int show_data(const DataOptions& options, Context& context) {
  std::vector<std::string> arguments = {"--stats", "--samples", std::to_string(options.samples)};
  if (!options.no_sheet) {
    std::string name = options.data;
    std::replace(name.begin(), name.end(), '/', '-');
    const std::string file = options.sheet.empty() ? "data-" + name + ".png" : options.sheet;
    arguments.insert(arguments.end(), {"--sheet", (context.folder / file).string()});
  }
  return tell(ask(options, arguments, context), options, show_text, context);
}

}  // namespace fdl::commands
