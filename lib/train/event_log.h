#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

#include "lib/base/result.h"
#include "lib/monitor/event.h"

namespace fdl::train {

// Appends to a run's events.jsonl, each event as one write.
class EventLog {
 public:
  explicit EventLog(std::filesystem::path path) : path_(std::move(path)) {}

  // Sets the event's time and appends it. Errors: FDL5002.
  Result<void> write(monitor::Event event) const;

  // A sentence about update `step` for whoever looks on. Errors: FDL5002.
  Result<void> notice(std::int64_t step, const std::string& text) const;

  // Removes what was recorded after update `step`, for a run that goes on from there.
  // Errors: FDL5001, FDL5002.
  Result<void> cut_back(std::int64_t step) const;

  double seconds() const;  // since this object was made

 private:
  std::filesystem::path path_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace fdl::train
