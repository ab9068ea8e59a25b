#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "lib/base/result.h"
#include "lib/graph/graph.h"
#include "lib/job/job.h"
#include "lib/monitor/event.h"
#include "lib/train/event_log.h"

// The range test of Smith 2015, arXiv:1506.01186, section 3.3: a few updates whose rate grows by
// one factor each, and the loss that each rate leads to.
namespace fdl::train {

struct RangeTest {
  double min_lr = 1e-7, max_lr = 10;
  std::int64_t num_steps = 100;
};

struct RatePoint {
  double lr = 0;
  double loss = 0;    // before the update at that rate
  double smooth = 0;  // exponential mean over the losses so far, corrected for its start
};

// Adds the next loss; false when it has grown so far that there is nothing more to learn.
bool add_point(std::vector<RatePoint>& curve, double lr, double loss);

struct FoundRate {
  double suggestion = 0;  // where the loss falls most steeply over the logarithm of the rate
  double lowest_lr = 0;   // where it is lowest
};
// Empty when the loss never fell.
std::optional<FoundRate> suggest_rate(const std::vector<RatePoint>& curve);

// Runs the test from the job's first weights, and writes the curve as a table: lr, loss, smooth.
// The `lr_find` event. Errors: FDL5431 when the loss never falls, and those of training.
Result<monitor::Event> find_rate(const graph::Graph& graph, const job::Job& job,
                                 const std::filesystem::path& run, const RangeTest& test,
                                 const std::filesystem::path& curve_file, const EventLog& events,
                                 at::Device device = at::kCPU);

}  // namespace fdl::train
