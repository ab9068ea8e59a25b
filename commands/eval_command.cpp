#include <nlohmann/json.hpp>

#include "commands/command.h"
#include "commands/engine_process.h"
#include "commands/run_choice.h"
#include "lib/job/load.h"
#include "lib/monitor/event_reader.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string run;
  std::string data = "test";
  bool json = false;
};

// Columns aligned to the right, under the labels of the answers.
std::string table_text(const monitor::Table& table) {
  std::vector<std::vector<std::string>> cells = {table.labels};
  cells.front().insert(cells.front().begin(), "target");
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    cells.push_back({i < table.labels.size() ? table.labels[i] : ""});
    for (const double value : table.rows[i]) cells.back().push_back(fmt::format("{:.6g}", value));
  }
  std::vector<std::size_t> widths;
  for (const auto& row : cells) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string out;
  for (const auto& row : cells) {
    for (std::size_t c = 0; c < row.size(); ++c)
      out += fmt::format("{}{:>{}}", c == 0 ? "" : "  ", row[c], widths[c]);
    out += "\n";
  }
  return out;
}

void show(const monitor::Event& event, bool json, Context& context) {
  nlohmann::ordered_json out;
  std::string text;
  for (const auto& [key, value] : event.numbers) {
    out[key] = value;
    text += fmt::format("{} {}\n", key, value);
  }
  for (const auto& [key, value] : event.texts) out[key] = value;
  for (const auto& [key, table] : event.tables) {
    out[key] = {{"labels", table.labels}, {"rows", table.rows}};
    text += fmt::format("\n{}\n{}", key, table_text(table));
  }
  context.print(json ? out.dump() + "\n" : text);
}

int run(const Options& options, Context& context) {
  const Result<fs::path> folder = choose_run(options.run, context);
  if (!folder) return context.fail(folder.error(), options.json);
  Diagnostics problems;
  const auto manifest = job::load_run(*folder, problems);
  if (!manifest || problems.has_errors()) {
    context.report(problems, options.json);
    return static_cast<int>(ExitCode::BadInput);
  }
  monitor::EventReader reader(*folder / "events.jsonl");
  reader.pass_over();
  const EngineCall call{
      {"eval", folder->string(), "--data", options.data}, *folder, manifest->folder};
  const int exit = supervise(call, context);
  if (exit != 0) return exit;
  bool is_first = true;
  const auto measured = reader.read_new();
  for (const auto& [event, end] : measured.value_or(std::vector<monitor::EventReader::Placed>())) {
    if (event.kind != "eval") continue;
    if (!is_first && !options.json) context.print("\n");
    show(event, options.json, context);
    is_first = false;
  }
  if (!is_first) return 0;
  return context.fail(error(Code::EngineDied, {}, "the engine ended without a result"),
                      options.json);
}

}  // namespace

CommandSpec eval_command() {
  return command<Options>(
             "eval", "Measure a run's best checkpoint (else its last) on one part of the data.")
      .positional("run", &Options::run, "A run's folder or name; by default the newest.")
      .option("data", &Options::data, "train, val, test, or one set of several: val/NAME.")
      .flag("json", &Options::json, "As JSON.")
      .example("fdl eval")
      .example("fdl eval runs/fashion_cnn/20260101-120000-1a2b3c --data val")
      .runs(run);
}

}  // namespace fdl::commands
