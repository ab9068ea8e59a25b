#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "lib/train/event_log.h"

namespace fdl::train {

// Records now and then, on a thread of its own, what the machine is busy with: once a second at
// first, less often as a run grows long. Once more at its end, so that the shortest run has a
// record.
class ResourceLog {
 public:
  explicit ResourceLog(const EventLog& events);
  ~ResourceLog();
  ResourceLog(const ResourceLog&) = delete;
  ResourceLog& operator=(const ResourceLog&) = delete;

  void set_step(std::int64_t step) { step_ = step; }

 private:
  void watch();

  const EventLog& events_;
  std::atomic<std::int64_t> step_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace fdl::train
