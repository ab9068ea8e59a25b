#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/job/sweep.h"
#include "lib/runs/summary.h"

// A sweep's folder: sweep.json says what it is of, and each point is a run in it. How far it has
// come is nowhere but in the runs themselves, so that nothing can be lost by a crash.
namespace fdl::commands {

struct SweepFolder {
  std::filesystem::path path;
  job::Sweep sweep;  // what ranks it; its axes are not kept
  std::vector<double> rungs;
  std::vector<job::SweepPoint> points;
  std::int64_t threads = 1;  // of each engine: a run goes on with as many as it began with

  std::filesystem::path run_of(std::size_t point) const;
  std::string name_of(std::size_t point) const;  // "point-001"
};

// Opens the folder, and makes it when it is new, with as many threads as given.
// Errors: FDL5002, FDL5203 when sweep.json cannot be read.
Result<SweepFolder> open_sweep(const std::filesystem::path& path, const job::Sweep& sweep,
                               std::int64_t threads);

// A point as its run says.
struct PointState {
  std::size_t point = 0;
  runs::RunSummary run;
  std::optional<double> value;  // the best of the metric
};

// Whether there is nothing left to do for a point up to a share of all its steps.
bool is_complete(const runs::RunSummary& run, double share);

// Its state, with the metric's best value up to that share.
PointState state_of_point(const SweepFolder& folder, std::size_t point, double share);

// The better ones first; those without a value last, in their order.
void rank(std::vector<PointState>& points, bool is_max);

}  // namespace fdl::commands
