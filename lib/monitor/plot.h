#pragma once

#include <string>
#include <vector>

#include "lib/monitor/fold.h"
#include "lib/monitor/thin.h"

// Curves as text: for a terminal, and as SVG for a paper or a page.
namespace fdl::monitor {

struct Curve {
  std::string label;
  Series series;
};

struct PlotSpec {
  std::string title;  // what is plotted: "val/loss"
  Axis axis = Axis::Step;
  bool is_log = false;          // values that are not above 0 are left out then
  int width = 80, height = 20;  // of a terminal, in characters
};

// Round places between two values on an axis, about `most` of them; on a logarithmic one powers of
// ten where there are any. `low` < `high`.
std::vector<double> ticks(double low, double high, int most, bool is_log);

// With Braille characters, two by four points in each, or with one of "*+ox#@" for each curve.
std::string plot_text(const std::vector<Curve>& curves, const PlotSpec& spec, bool has_unicode);

// One self-contained picture of 720 by 420.
std::string plot_svg(const std::vector<Curve>& curves, const PlotSpec& spec);

}  // namespace fdl::monitor
