#include "lib/train/resource_log.h"

#include <algorithm>
#include <chrono>

#include "lib/monitor/resources.h"

namespace fdl::train {
namespace {

// A second in the first ten minutes, ten seconds after some hours.
std::chrono::duration<double> period(double seconds) {
  return std::chrono::duration<double>(std::clamp(seconds / 600, 1.0, 10.0));
}

}  // namespace

ResourceLog::ResourceLog(const EventLog& events) : events_(events), thread_([this] { watch(); }) {}

ResourceLog::~ResourceLog() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void ResourceLog::watch() {
  monitor::ResourceSampler sampler;
  std::unique_lock lock(mutex_);
  while (!is_over_) {
    changed_.wait_for(lock, period(events_.seconds()), [&] { return is_over_; });
    monitor::Event event;
    event.kind = "resources";
    event.numbers = sampler.sample();
    event.numbers["step"] = static_cast<double>(step_.load());
    static_cast<void>(events_.write(std::move(event)));  // a full disk is the step's to tell
  }
}

}  // namespace fdl::train
