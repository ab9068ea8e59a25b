#include <nlohmann/json.hpp>

#include "commands/runs/runs.h"
#include "commands/table.h"
#include "lib/runs/settings.h"

namespace fdl::commands {
namespace {

using nlohmann::ordered_json;
using runs::Row;
using runs::Settings;

Settings facts_of(const RunSummary& run) {
  Settings out = {{"state", run.state}, {"step", fmt::format("{}", run.step)}};
  for (const auto& [name, value] : run.last) out[name] = fmt::format("{:.6g}", value);
  for (const auto& [name, best] : run.best) {
    if (name.starts_with("train/")) continue;
    out[name + " (best)"] = fmt::format("{:.6g}", best.value);
  }
  return out;
}

ordered_json rows_json(const std::vector<Row>& rows) {
  ordered_json out = ordered_json::object();
  for (const Row& row : rows) out[row.name] = row.values;
  return out;
}

void add_rows(const std::vector<Row>& rows, std::vector<std::vector<std::string>>& table) {
  for (const Row& row : rows) {
    table.push_back({row.name});
    table.back().insert(table.back().end(), row.values.begin(), row.values.end());
  }
}

int print_json(const std::vector<RunSummary>& runs, const std::vector<Row>& settings,
               Context& context) {
  ordered_json out = {{"settings", rows_json(settings)}, {"runs", ordered_json::array()}};
  for (const RunSummary& run : runs) out["runs"].push_back(runs::to_json(run));
  context.print(out.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
  return 0;
}

}  // namespace

int compare_runs(const RunsOptions& options, Context& context) {
  const auto runs = named_runs(options.names, context);
  if (!runs) return context.fail(runs.error(), options.json);
  std::vector<Settings> settings, facts;
  std::vector<std::string> heads = {""};
  for (const RunSummary& run : *runs) {
    const Result<Settings> found = runs::settings_of(run.path);
    if (!found) return context.fail(found.error(), options.json);
    settings.push_back(*found);
    facts.push_back(facts_of(run));
    heads.push_back(run.notes.name.empty() ? run.path.filename().string() : run.notes.name);
  }
  std::vector<Row> differing = runs::rows_of(settings);
  std::erase_if(differing, [](const Row& row) { return !row.differs(); });
  if (options.json) return print_json(*runs, differing, context);
  std::vector<std::vector<std::string>> table = {heads};
  add_rows(differing, table);
  if (differing.empty()) table.push_back({"(no setting differs)"});
  table.emplace_back();
  add_rows(runs::rows_of(facts), table);
  context.print(aligned_table(table));
  return 0;
}

}  // namespace fdl::commands
