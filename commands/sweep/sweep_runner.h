#pragma once

#include <functional>

#include "commands/engine_process.h"
#include "commands/ready_job.h"
#include "commands/sweep/sweep_folder.h"

namespace fdl::commands {

// Runs the points of a sweep that are not done, so many at a time, rung after rung. What fails is
// left behind, the others go on.
class SweepRunner {
 public:
  // `make_job` gives the job of a point, or nothing when it cannot be run, which it reports.
  using MakeJob = std::function<std::optional<ReadyJob>(std::size_t point)>;
  SweepRunner(const SweepFolder& folder, std::int64_t num_jobs, MakeJob make_job, Context& context)
      : folder_(folder), num_jobs_(num_jobs), make_job_(std::move(make_job)), context_(context) {}

  // 0; or 130 or 143 when a signal ended it, with all state saved.
  int run();
  // Every point with its value, the best first.
  std::vector<PointState> ranking() const;
  // Points whose last attempt failed.
  const std::vector<std::size_t>& failed() const { return failed_; }

 private:
  struct Working {
    std::size_t point;
    FileLock lock;
    EngineRun engine;
  };

  bool has_failed(std::size_t point) const;
  // The points that go on after a rung.
  std::vector<std::size_t> promoted(std::vector<std::size_t> points, double share) const;
  void work_on(const std::vector<std::size_t>& points, double share);
  Result<void> start(std::size_t point, double share);
  void start_or_tell(std::size_t point, double share);
  void collect(double share);
  void pass_signals_on();
  void tell(std::size_t point, double share) const;
  bool is_stopped() const { return noted_signals().count > 0; }

  const SweepFolder& folder_;
  std::int64_t num_jobs_;
  MakeJob make_job_;
  Context& context_;
  std::vector<Working> working_;
  std::vector<std::size_t> failed_;
  int num_passed_on_ = 0;
};

}  // namespace fdl::commands
