#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "lib/job/rules.h"

namespace fdl::train {

// Tells of steps that take far longer than those before, while they still do.
class Watchdog {
 public:
  // Called once for a slow step while it runs, on a thread of the watchdog, and once when it ends.
  using Tell = std::function<void(std::int64_t step, const std::string& text)>;

  Watchdog(const job::WatchdogRule& rule, Tell tell);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // A step begins, and ends.
  void begin(std::int64_t step);
  void end();

 private:
  using Clock = std::chrono::steady_clock;

  void watch();
  double usual_s() const;  // the median of the last steps

  const job::WatchdogRule rule_;
  const Tell tell_;
  std::vector<double> seconds_;  // of the last steps, the oldest first
  std::mutex mutex_;             // over what follows
  std::condition_variable changed_;
  bool ends_ = false;
  std::int64_t step_ = 0;
  Clock::time_point start_;
  std::optional<Clock::time_point> deadline_;  // while a step runs that is not told of
  bool is_told_ = false;
  double usual_ = 0;  // seconds, when the step began
  std::thread thread_;
};

}  // namespace fdl::train
