#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "lib/monitor/event_reader.h"
#include "lib/monitor/fold.h"
#include "lib/monitor/thin.h"

namespace fdl::runs {

// What is asked of a run's series.
struct Stretch {
  std::vector<std::string> names;
  monitor::Axis axis = monitor::Axis::Step;
  double from = 0, to = 0;
  std::size_t points = 0;
};

// One run, read once for all who look at it, and on as it grows. For several threads at once; who
// waits here keeps nobody else waiting.
class Feed {
 public:
  explicit Feed(std::filesystem::path run);

  // Reads what was recorded since, and whether the run still runs; wakes who waits.
  void read_on();

  // All of it, with its "position"; docs/adr/0061. Series are thinned to what a screen can show.
  nlohmann::ordered_json document();
  // The same, each series with as many points as all of them together may have.
  nlohmann::ordered_json document_within(std::size_t points_in_all);
  nlohmann::ordered_json series(const Stretch& wanted);
  monitor::Status status();
  // The last value of each series.
  std::map<std::string, double> last_values();

  struct Next {
    enum class Kind { Nothing, Part, Status, Reset };
    Kind kind = Kind::Nothing;
    monitor::Position end;  // of a part
    std::string json;
  };
  // What follows `at`, for somebody who knows of that `state`; waits for `patience` at most.
  Next next(const monitor::Position& at, const std::string& state,
            std::chrono::milliseconds patience);

 private:
  struct Sent {
    monitor::Position begin, end;
    std::string json;
  };
  nlohmann::ordered_json document_now(std::size_t points_of_series) const;
  void take(std::vector<monitor::EventReader::Placed> events);
  void take_state(bool is_held);
  monitor::Status status_now() const;
  Next next_now(const monitor::Position& at, const std::string& state);
  Next catch_up(const monitor::Position& at);

  const std::filesystem::path run_;
  std::mutex mutex_;
  std::condition_variable changed_;
  monitor::EventReader reader_;
  monitor::Fold fold_;
  monitor::Part whole_;
  std::deque<Sent> sent_;  // the newest parts, as they are sent
  std::size_t sent_bytes_ = 0;
  std::string state_;  // as the lock has it
  std::string last_words_;
};

// The end of the engine's log: what it said before it was killed.
std::string last_words(const std::filesystem::path& run);

}  // namespace fdl::runs
