#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/monitor/event.h"

// What a run's events say to whoever looks at it: series over steps, marks on the time axis, tables
// and a state. Everything that shows a run reads it from here; docs/adr/0061.
namespace fdl::monitor {

// One recorded number over the steps of a run: three columns of one length.
struct Series {
  std::vector<double> step;
  std::vector<double> time_s;  // of work, all starts of the run together
  std::vector<double> value;

  std::size_t size() const { return step.size(); }
  void add(double at_step, double at_time_s, double one);
};

// Something that happened: "start", "checkpoint", "notice", "load" or "end".
struct Mark {
  std::string kind;
  double step = 0, time_s = 0;
  std::string text;
};

struct SeenTable {
  double step = 0;
  Table table;
};

// How a run stands. What is empty was not said.
struct Status {
  std::string state;  // "running", "done", "early stop", "out of time", "paused", "stopped",
                      // "failed"; who looks at the run's lock knows of "killed" too
  std::optional<std::string> message, last_words;
  std::optional<double> step, total_steps, epoch, epochs, seconds, eta_s, samples_per_s;

  void add(const Status& later);
};

// A stretch of a run's records, or all of them.
struct Part {
  std::map<std::string, Series> series;
  std::vector<Mark> marks;
  std::map<std::string, SeenTable> tables;  // the last of each
  Status status;

  void add(const Part& later);
};

// The word for an end event's reason: "interrupted" is "stopped".
std::string state_of_reason(const std::string& reason);

// Whether a number of an epoch's or an evaluation's event is something measured, not what the
// engine notes beside it (its step, its length).
bool is_measured(const std::string& key);

// The time of a run's events, all its starts one after another.
class RunClock {
 public:
  // Seconds of work at the next event; never less than at the one before. What comes after an end,
  // such as an evaluation by a program of its own, takes none.
  double take(const Event& event);

 private:
  double before_s_ = 0;  // in former starts
  double last_s_ = 0;    // in the start that runs
  bool is_open_ = true;
};

// Goes through the events of a run, from its first on.
class Fold {
 public:
  // What the next event adds.
  Part take(const Event& event);

 private:
  RunClock clock_;
  double step_ = 0;  // the last of this start; a checkpoint is told of after later ones
};

}  // namespace fdl::monitor
