#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/monitor/event.h"

namespace fdl::train {

// What is recorded of single steps. They are many: they are written together, twice a second, and
// where they are more than a picture can show, the least and the greatest losses of them.
class StepLog {
 public:
  struct Step {
    std::int64_t step = 0;
    double loss = 0, lr = 0, ms = 0;
    std::optional<double> grad_norm;  // where gradients are clipped: before it
  };

  explicit StepLog(double now_s) : from_s_(now_s) {}
  void add(const Step& step) { steps_.push_back(step); }
  bool is_empty() const { return steps_.empty(); }
  // The event of all steps since the last one; there is at least one.
  monitor::Event take(double now_s);

 private:
  std::vector<Step> steps_;
  double from_s_;
};

}  // namespace fdl::train
