#include "lib/train/watchdog.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

namespace fdl::train {
namespace {

// What was told, from whatever thread.
class Told {
 public:
  Watchdog::Tell tell() {
    return [this](std::int64_t step, const std::string& text) {
      const std::lock_guard lock(mutex_);
      texts_.push_back(std::to_string(step) + ": " + text);
      changed_.notify_all();
    };
  }
  std::vector<std::string> texts() {
    const std::lock_guard lock(mutex_);
    return texts_;
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !texts_.empty(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> texts_;
};

void run_steps(Watchdog& watchdog, int count) {
  for (int step = 1; step <= count; ++step) {
    watchdog.begin(step);
    watchdog.end();
  }
}

}  // namespace

TEST_CASE("a slow step is told of while it runs, and when it ends") {
  Told told;
  Watchdog watchdog({2, 0.02, 10}, told.tell());
  run_steps(watchdog, 8);
  CHECK(told.texts().empty());
  watchdog.begin(9);
  told.wait();
  CHECK(told.texts().size() == 1);
  CHECK(told.texts().front().starts_with("9: this step has taken 0.0"));
  CHECK(told.texts().front().find(" s are usual") != std::string::npos);
  watchdog.end();
  REQUIRE(told.texts().size() == 2);
  CHECK(told.texts().back().starts_with("9: that step took "));
  run_steps(watchdog, 2);
  CHECK(told.texts().size() == 2);
}

TEST_CASE("the first steps are not judged, nor those below the least time") {
  Told told;
  {
    Watchdog first({2, 0, 50}, told.tell());
    first.begin(1);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    first.end();
    Watchdog patient({2, 3600, 50}, told.tell());
    run_steps(patient, 8);
    patient.begin(9);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }  // ends within a step
  CHECK(told.texts().empty());
}

}  // namespace fdl::train
