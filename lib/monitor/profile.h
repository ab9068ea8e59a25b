#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"

// Where the time of a run's steps went: profile.json of its folder, and trace.json for viewers.
namespace fdl::monitor {

// One node, over the measured steps.
struct NodeTime {
  std::string path;
  std::int64_t calls = 0;  // forwards: several a step in a loop
  double forward_ms = 0;   // of one step, on average
  double backward_ms = 0;  // what can be told: operators of the backward pass that belong to it
  double share = 0;        // of all nodes' time
  // Of one step, forward and backward: operations, and the least bytes that must move for them.
  // Empty in records that do not tell.
  std::optional<double> flops = {}, moved_bytes = {};

  double total_ms() const { return forward_ms + backward_ms; }
};

// What the machine does at best, with the run's threads on its device.
struct MachineLimits {
  double products_gflop_per_s = 0;  // of f32 matrices
  double memory_gb_per_s = 0;       // read and written
};

struct Profile {
  std::int64_t num_steps = 0;     // measured
  std::int64_t warmup_steps = 0;  // run before, and not counted
  double step_ms = 0;             // of one step, on average: data, nodes, loss and update
  std::vector<NodeTime> nodes;    // in the order of the model
  // Measured before the first step; empty in records that do not tell.
  std::optional<MachineLimits> limits = {};
};

std::filesystem::path profile_file(const std::filesystem::path& run);

// Errors: FDL5002.
Result<void> write_profile(const Profile& profile, const std::filesystem::path& file);
// Errors: FDL5209 when there is none or it cannot be read.
Result<Profile> read_profile(const std::filesystem::path& run);

// 1e9 operations of a node in a second. Empty where it has none, or no time.
std::optional<double> gflop_per_s(const NodeTime& node);
// The share of what the limits allow it, which may be above 1. Of a node with operations: of the
// rate of products, or where that is less, of the one at which memory brings what they need; of
// another one, of the rate of memory. Source: Williams, Waterman and Patterson 2009,
// doi:10.1145/1498765.1498785.
std::optional<double> share_of_limit(const NodeTime& node,
                                     const std::optional<MachineLimits>& limits);

// The slowest nodes first, at most `most`: what `fdl run --profile` prints at its end.
std::string profile_table(const Profile& profile, std::size_t most);

// One stretch of time in a trace.
struct TraceSpan {
  std::string name;      // the node's path
  std::string category;  // "forward", "backward", "step"
  double start_us = 0, duration_us = 0;
};

// In the Trace Event Format, which Perfetto and chrome://tracing read. Errors: FDL5002.
Result<void> write_trace(const std::vector<TraceSpan>& spans, const std::filesystem::path& file);

}  // namespace fdl::monitor
