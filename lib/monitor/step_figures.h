#pragma once

// What an `epoch` event says of the steps of its epoch in this start, and a report of `fdl bench`
// of each epoch: the names, once for those who write and read them.
namespace fdl::monitor {

struct StepQuantile {
  const char* name;
  double share;  // of the steps that took no longer, in milliseconds
};
inline constexpr StepQuantile kStepQuantiles[] = {
    {"step_ms_p50", 0.5}, {"step_ms_p95", 0.95}, {"step_ms_p99", 0.99}};

// Of the time of the steps, what they waited for their batches.
inline constexpr const char* kDataWaitPercent = "data_wait_percent";

// Of a run on a GPU, of tensors since its start.
inline constexpr const char* kPeakGpuMib = "peak_gpu_mib";

}  // namespace fdl::monitor
