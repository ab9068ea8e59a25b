#include "lib/train/watchdog.h"

#include <algorithm>

#include <fmt/format.h>

namespace fdl::train {
namespace {

using Seconds = std::chrono::duration<double>;

// The first steps load, plan and allocate: they say nothing of the others.
constexpr std::size_t kFewestSteps = 5;

}  // namespace

Watchdog::Watchdog(const job::WatchdogRule& rule, Tell tell)
    : rule_(rule), tell_(std::move(tell)), thread_([this] { watch(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

double Watchdog::usual_s() const {
  std::vector<double> sorted = seconds_;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

void Watchdog::begin(std::int64_t step) {
  const bool knows =
      seconds_.size() >= std::min(kFewestSteps, static_cast<std::size_t>(rule_.window));
  const double usual = knows ? usual_s() : 0;
  const std::lock_guard lock(mutex_);
  step_ = step;
  start_ = Clock::now();
  is_told_ = false;
  usual_ = usual;
  deadline_.reset();
  if (!knows) return;
  const Seconds most(std::max(rule_.least_s, rule_.factor * usual));
  deadline_ = start_ + std::chrono::duration_cast<Clock::duration>(most);
  changed_.notify_one();
}

void Watchdog::end() {
  double seconds = 0;
  {
    const std::lock_guard lock(mutex_);
    const Clock::time_point now = Clock::now();
    seconds = Seconds(now - start_).count();
    if (is_told_)
      tell_(step_, fmt::format("that step took {:.3g} s in all", seconds));
    else if (deadline_ &&
             now >= *deadline_)  // the thread had no time for it, such as while stopped
      tell_(step_,
            fmt::format("this step took {:.3g} s, where {:.3g} s are usual", seconds, usual_));
    deadline_.reset();
  }
  seconds_.push_back(seconds);
  if (seconds_.size() > static_cast<std::size_t>(rule_.window)) seconds_.erase(seconds_.begin());
}

void Watchdog::watch() {
  std::unique_lock lock(mutex_);
  while (!ends_) {
    if (!deadline_) {
      changed_.wait(lock);
    } else if (Clock::now() < *deadline_) {
      changed_.wait_until(lock, *deadline_);
    } else {
      const double seconds = Seconds(Clock::now() - start_).count();
      is_told_ = true;
      deadline_.reset();
      tell_(step_, fmt::format("this step has taken {:.3g} s so far, where {:.3g} s are usual",
                               seconds, usual_));
    }
  }
}

}  // namespace fdl::train
