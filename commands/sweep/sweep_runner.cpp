#include "commands/sweep/sweep_runner.h"

#include <algorithm>
#include <csignal>
#include <numeric>

#include <fmt/ranges.h>

#include "lib/config/number.h"
#include "lib/monitor/progress.h"

namespace fdl::commands {

int SweepRunner::run() {
  listen_to_signals();
  std::vector<std::size_t> points(folder_.points.size());
  std::iota(points.begin(), points.end(), 0);
  for (const double share : folder_.rungs) {
    work_on(points, share);
    if (is_stopped()) return 128 + noted_signals().last;
    if (share < 1) points = promoted(std::move(points), share);
  }
  return 0;
}

bool SweepRunner::has_failed(std::size_t point) const {
  return std::find(failed_.begin(), failed_.end(), point) != failed_.end();
}

std::vector<std::size_t> SweepRunner::promoted(std::vector<std::size_t> points,
                                               double share) const {
  const auto num_points = static_cast<std::int64_t>(points.size());
  std::vector<PointState> states;
  for (const std::size_t point : points) {
    if (!has_failed(point)) states.push_back(state_of_point(folder_, point, share));
  }
  rank(states, folder_.sweep.is_max);
  const auto most = static_cast<std::size_t>(job::num_promoted(folder_.sweep, num_points));
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < std::min(most, states.size()); ++i) out.push_back(states[i].point);
  return out;
}

void SweepRunner::work_on(const std::vector<std::size_t>& points, double share) {
  std::vector<std::size_t> left;
  for (const std::size_t point : points) {
    if (!is_complete(runs::summarize(folder_.run_of(point)), share)) left.push_back(point);
  }
  auto next = left.begin();
  while (next != left.end() || !working_.empty()) {
    const bool has_room = static_cast<std::int64_t>(working_.size()) < num_jobs_;
    if (is_stopped()) next = left.end();
    if (next != left.end() && has_room) {
      start_or_tell(*next++, share);
      continue;
    }
    pass_signals_on();
    collect(share);
    if (!working_.empty()) pause_50_ms();
  }
}

void SweepRunner::start_or_tell(std::size_t point, double share) {
  const Result<void> started = start(point, share);
  if (started) return;
  context_.tell(folder_.name_of(point) + " cannot be run\n");
  context_.fail(started.error());
  failed_.push_back(point);
}

Result<void> SweepRunner::start(std::size_t point, double share) {
  const std::filesystem::path run = folder_.run_of(point);
  const auto ready = make_job_(point);
  if (!ready) return fail(error(Code::SweepFailed, {}, "its values do not make a job"));
  if (!job::is_run(run)) {
    std::vector<std::string> command = {"sweep"};
    command.insert(command.end(), folder_.points[point].begin(), folder_.points[point].end());
    const auto made =
        job::create_run(ready->manifest, *ready->checked.graph, *ready->checked.job,
                        {timestamp_now(), {"", "", {"sweep"}}, std::move(command), run});
    if (!made) return fail(made.error());
  }
  Result<FileLock> lock = job::lock_run(run);
  if (!lock) return fail(lock.error());
  EngineCall call{{"train", run.string(), "--resume"}, run, ready->manifest.folder, &*lock};
  if (share < 1)
    call.arguments.insert(call.arguments.end(), {"--until-share", config::show_number(share)});
  call.environment["FDL_THREADS"] = std::to_string(folder_.threads);
  Result<EngineRun> engine = EngineRun::start(call, context_);
  if (!engine) return fail(engine.error());
  working_.push_back({point, *std::move(lock), *std::move(engine)});
  return {};
}

void SweepRunner::collect(double share) {
  for (std::size_t i = 0; i < working_.size();) {
    Working& one = working_[i];
    if (!one.engine.has_ended()) {
      ++i;
      continue;
    }
    const int code = one.engine.finish(context_);
    const std::size_t point = one.point;
    working_.erase(working_.begin() + static_cast<std::ptrdiff_t>(i));
    if (code != 0 && code != 130 && code != 143) failed_.push_back(point);
    tell(point, share);
  }
}

// The first signal asks all engines to save and end, a second one kills them.
void SweepRunner::pass_signals_on() {
  if (noted_signals().count <= num_passed_on_) return;
  const int number = num_passed_on_ == 0 ? noted_signals().last : SIGKILL;
  ++num_passed_on_;
  for (const Working& one : working_) one.engine.send_signal(number);
}

void SweepRunner::tell(std::size_t point, double share) const {
  const PointState state = state_of_point(folder_, point, share);
  const std::string value =
      state.value ? fmt::format("  {} {:.6g}", folder_.sweep.metric, *state.value) : "";
  context_.tell(fmt::format("{}  {}  {}{}  {}\n", folder_.name_of(point),
                            fmt::join(folder_.points[point], " "), state.run.state, value,
                            monitor::show_duration(state.run.seconds)));
}

std::vector<PointState> SweepRunner::ranking() const {
  std::vector<PointState> out;
  for (std::size_t i = 0; i < folder_.points.size(); ++i)
    out.push_back(state_of_point(folder_, i, 1));
  rank(out, folder_.sweep.is_max);
  return out;
}

}  // namespace fdl::commands
