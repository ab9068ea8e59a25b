#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "commands/runs/runs.h"
#include "commands/table.h"
#include "lib/config/show.h"
#include "lib/job/load.h"

namespace fdl::commands {
namespace {

using nlohmann::ordered_json;
using Leaves = std::map<std::string, std::string>;
using Rows = std::vector<std::vector<std::string>>;

// The values of a manifest by their dotted paths. A list of plain values is one of them.
void add_leaves(const config::Node& node, const std::string& path, Leaves& out) {
  const bool is_plain_list =
      node.is_list() && std::all_of(node.items.begin(), node.items.end(),
                                    [](const config::Node& item) { return item.is_scalar(); });
  if (node.is_map() && !node.entries.empty()) {
    for (const config::Entry& entry : node.entries)
      add_leaves(entry.value, path.empty() ? entry.key : path + "." + entry.key, out);
  } else if (node.is_list() && !is_plain_list) {
    for (std::size_t i = 0; i < node.items.size(); ++i)
      add_leaves(node.items[i], path + "." + std::to_string(i), out);
  } else {
    out[path] = node.is_scalar() ? node.text : config::to_json(node, false, -1);
  }
}

Result<Leaves> leaves_of(const RunSummary& run) {
  Diagnostics problems;
  const auto manifest = job::load_run(run.path, problems);
  if (!manifest || problems.has_errors()) return fail(problems.sorted().front());
  Leaves out;
  add_leaves(manifest->root, "", out);
  return out;
}

// One row for each name that any of the maps has and not all have alike; "" where it is absent.
Rows rows_of(const std::vector<Leaves>& columns, bool differing_only) {
  std::set<std::string> names;
  for (const Leaves& column : columns) {
    for (const auto& [name, value] : column) names.insert(name);
  }
  Rows out;
  for (const std::string& name : names) {
    std::vector<std::string> row = {name};
    for (const Leaves& column : columns) {
      const auto found = column.find(name);
      row.push_back(found != column.end() ? found->second : "");
    }
    const bool differs = std::any_of(row.begin() + 2, row.end(),
                                     [&](const std::string& cell) { return cell != row[1]; });
    if (differs || !differing_only) out.push_back(std::move(row));
  }
  return out;
}

Leaves facts_of(const RunSummary& run) {
  Leaves out = {{"state", run.state}, {"step", fmt::format("{}", run.step)}};
  for (const auto& [name, value] : run.last) out[name] = fmt::format("{:.6g}", value);
  for (const auto& [name, best] : run.best) {
    if (name.starts_with("train/")) continue;
    out[name + " (best)"] = fmt::format("{:.6g}", best.value);
  }
  return out;
}

ordered_json rows_json(const Rows& rows) {
  ordered_json out = ordered_json::object();
  for (const auto& row : rows) out[row[0]] = std::vector<std::string>(row.begin() + 1, row.end());
  return out;
}

int print_json(const std::vector<RunSummary>& runs, const Rows& settings, Context& context) {
  ordered_json out = {{"settings", rows_json(settings)}, {"runs", ordered_json::array()}};
  for (const RunSummary& run : runs) out["runs"].push_back(to_json(run));
  context.print(out.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
  return 0;
}

}  // namespace

int compare_runs(const RunsOptions& options, Context& context) {
  const auto runs = named_runs(options.names, context);
  if (!runs) return context.fail(runs.error(), options.json);
  std::vector<Leaves> settings, facts;
  std::vector<std::string> heads = {""};
  for (const RunSummary& run : *runs) {
    const Result<Leaves> leaves = leaves_of(run);
    if (!leaves) return context.fail(leaves.error(), options.json);
    settings.push_back(*leaves);
    facts.push_back(facts_of(run));
    heads.push_back(run.notes.name.empty() ? run.path.filename().string() : run.notes.name);
  }
  const Rows differing = rows_of(settings, true);
  if (options.json) return print_json(*runs, differing, context);
  Rows table = {heads};
  table.insert(table.end(), differing.begin(), differing.end());
  if (differing.empty()) table.push_back({"(no setting differs)"});
  const Rows measured = rows_of(facts, false);
  table.push_back({});
  table.insert(table.end(), measured.begin(), measured.end());
  context.print(aligned_table(table));
  return 0;
}

}  // namespace fdl::commands
