#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lib/monitor/event.h"
#include "lib/monitor/live_lines.h"

namespace fdl::monitor {

// Quiet says nothing; Verbose tells of checkpoints too, and of each record elsewhere than on a
// terminal.
enum class Verbosity { Quiet, Normal, Verbose };

struct Screen {
  bool is_terminal = false;
  bool has_unicode = false;  // it shows block characters
  std::function<void(const std::string&)> write;
  std::function<int()> width = [] { return 80; };  // asked at each drawing
};

// Tells a person how a run goes: on a terminal a few lines that are redrawn in place, under what
// stays; elsewhere plain lines at a sensible rate.
class Progress {
 public:
  explicit Progress(Screen screen, Verbosity verbosity = Verbosity::Normal);
  void show(const Event& event);
  // The lines that are redrawn stay as they are, so that other text can follow.
  void finish();

 private:
  void show_progress(const Event& event);
  void show_epoch(const Event& event);
  void show_end(const Event& event);
  void line(const std::string& text);
  void draw();
  void erase();

  Screen screen_;
  Verbosity verbosity_;
  LiveLines live_;
  std::vector<std::size_t> drawn_;  // the lengths of the lines that are on the screen now
  double total_steps_ = 0;
  double epochs_ = 0;
  double next_line_share_ = 0;
};

// "1:02:03" or "02:03".
std::string show_duration(double seconds);

}  // namespace fdl::monitor
