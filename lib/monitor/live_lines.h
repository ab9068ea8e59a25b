#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/monitor/fold.h"

namespace fdl::monitor {

// What a terminal shows of a run while it runs: bars for the epoch and the run, the losses as a
// small curve, measures, speed, memory.
class LiveLines {
 public:
  void take(const Event& event);
  bool is_empty() const { return !status_.step; }
  // Each at most `width` characters long.
  std::vector<std::string> lines(int width, bool has_unicode) const;

 private:
  Fold fold_;
  Status status_;
  double steps_per_epoch_ = 0;
  std::map<std::string, double> measures_;  // the last: "train/loss"
  std::vector<double> losses_;              // of the run, each of as many steps
  std::size_t steps_in_loss_ = 1, pending_ = 0;
  double pending_sum_ = 0;
  std::vector<double> step_ms_;  // of the last record
  std::map<std::string, double> resources_;
};

// The values as characters of eight heights, in `cells` of them; "" of fewer than two values.
std::string sparkline(const std::vector<double>& values, std::size_t cells, bool has_unicode);

// "512 MiB", "1.4 GiB".
std::string show_bytes(double bytes);

// The first `most` characters of a UTF-8 text, and how many it has.
std::string first_characters(const std::string& text, std::size_t most);
std::size_t num_characters(const std::string& text);

}  // namespace fdl::monitor
