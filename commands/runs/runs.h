#pragma once

#include <string>
#include <vector>

#include "commands/context.h"
#include "lib/base/result.h"
#include "lib/runs/summary.h"

// The actions of `fdl runs`, one file each.
namespace fdl::commands {

using runs::RunSummary;

struct RunsOptions {
  std::string action = "list";
  std::vector<std::string> names;
  std::string metric;
  std::string out, x = "step";
  bool log = false;
  bool yes = false;
  bool json = false;
};

// Each gives an exit code.
int list_runs(const RunsOptions& options, Context& context);
int show_run(const RunsOptions& options, Context& context);
int compare_runs(const RunsOptions& options, Context& context);
int plot_runs(const RunsOptions& options, Context& context);
int remove_runs(const RunsOptions& options, Context& context);

// The runs of that name, each once. Errors: those of choose_run.
Result<std::vector<RunSummary>> named_runs(const std::vector<std::string>& names, Context& context);

// As the user would call it: relative to the current folder where it is inside.
std::string shown_run(const std::filesystem::path& run, const Context& context);

}  // namespace fdl::commands
