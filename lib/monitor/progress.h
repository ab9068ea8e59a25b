#pragma once

#include <functional>
#include <string>

#include "lib/monitor/event.h"

namespace fdl::monitor {

// Tells a person how a run goes: on a terminal one line that is redrawn, elsewhere plain lines at
// a sensible rate.
class Progress {
 public:
  // `write` receives text for the terminal or log; `width` is asked for at each drawing.
  Progress(bool is_terminal, std::function<void(const std::string&)> write,
           std::function<int()> width);
  void show(const Event& event);
  // Ends a line that is being redrawn, so that other text can follow.
  void finish();

 private:
  void show_progress(const Event& event);
  void show_epoch(const Event& event);
  void line(const std::string& text);
  void redraw(const std::string& text);

  bool is_terminal_;
  std::function<void(const std::string&)> write_;
  std::function<int()> width_;
  double total_steps_ = 0;
  double epochs_ = 0;
  double next_line_share_ = 0;
  bool has_open_line_ = false;
};

// "1:02:03" or "02:03".
std::string show_duration(double seconds);

}  // namespace fdl::monitor
