#include "lib/monitor/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "lib/base/html.h"
#include "lib/monitor/live_lines.h"

namespace fdl::monitor {
namespace {

constexpr const char* kMarks = "*+ox#@";

// The values that can be drawn, on axes from 0 to 1.
struct Scale {
  double x_low = 0, x_high = 1, y_low = 0, y_high = 1;
  bool is_log = false;

  double x(double value) const { return (value - x_low) / (x_high - x_low); }
  double y(double value) const {
    if (!is_log) return (value - y_low) / (y_high - y_low);
    return std::log(value / y_low) / std::log(y_high / y_low);
  }
};

const std::vector<double>& along(const Curve& curve, Axis axis) {
  return axis == Axis::Step ? curve.series.step : curve.series.time_s;
}

bool is_drawn(double value, const PlotSpec& spec) {
  return std::isfinite(value) && (!spec.is_log || value > 0);
}

// Empty when there is nothing to draw.
std::optional<Scale> scale_of(const std::vector<Curve>& curves, const PlotSpec& spec) {
  Scale out{HUGE_VAL, -HUGE_VAL, HUGE_VAL, -HUGE_VAL, spec.is_log};
  for (const Curve& curve : curves) {
    for (std::size_t i = 0; i < curve.series.size(); ++i) {
      const double x = along(curve, spec.axis)[i], y = curve.series.value[i];
      if (!is_drawn(y, spec)) continue;
      out.x_low = std::min(out.x_low, x);
      out.x_high = std::max(out.x_high, x);
      out.y_low = std::min(out.y_low, y);
      out.y_high = std::max(out.y_high, y);
    }
  }
  if (out.x_low > out.x_high) return std::nullopt;
  if (out.x_low == out.x_high) out.x_high = out.x_low + 1;
  if (out.y_low == out.y_high) {
    const double room = out.y_low == 0 ? 1 : std::abs(out.y_low) / 10;
    out.y_high += room;
    if (!spec.is_log) out.y_low -= room;
  }
  return out;
}

// A grid of points, each of them set by one curve.
class Canvas {
 public:
  Canvas(int width, int height) : width_(width), height_(height) {
    owner_.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), -1);
  }

  void line(double x0, double y0, double x1, double y1, int owner) {
    const double length = std::max({std::abs(x1 - x0) * width_, std::abs(y1 - y0) * height_, 1.0});
    for (double t = 0; t <= length; ++t)
      set(x0 + (x1 - x0) * t / length, y0 + (y1 - y0) * t / length, owner);
  }
  // -1 of a point that nobody set; `row` 0 is at the top.
  int owner(int column, int row) const {
    return owner_[static_cast<std::size_t>(row) * static_cast<std::size_t>(width_) +
                  static_cast<std::size_t>(column)];
  }

 private:
  void set(double x, double y, int owner) {
    const int column = std::clamp(static_cast<int>(x * width_), 0, width_ - 1);
    const int row = std::clamp(static_cast<int>((1 - y) * height_), 0, height_ - 1);
    owner_[static_cast<std::size_t>(row) * static_cast<std::size_t>(width_) +
           static_cast<std::size_t>(column)] = owner;
  }
  int width_, height_;
  std::vector<int> owner_;
};

using Stroke = std::vector<std::pair<double, double>>;

// The points of a curve on axes from 0 to 1; what cannot be drawn ends a stroke.
std::vector<Stroke> strokes_of(const Curve& curve, const PlotSpec& spec, const Scale& scale) {
  std::vector<Stroke> out(1);
  for (std::size_t i = 0; i < curve.series.size(); ++i) {
    const double value = curve.series.value[i];
    if (is_drawn(value, spec))
      out.back().emplace_back(scale.x(along(curve, spec.axis)[i]), scale.y(value));
    else if (!out.back().empty())
      out.emplace_back();
  }
  return out;
}

void draw(const std::vector<Curve>& curves, const PlotSpec& spec, const Scale& scale,
          Canvas& canvas) {
  for (std::size_t k = 0; k < curves.size(); ++k) {
    for (const Stroke& stroke : strokes_of(curves[k], spec, scale)) {
      for (std::size_t i = 0; i < stroke.size(); ++i) {
        const auto [x, y] = stroke[i];
        const auto [from_x, from_y] = stroke[i > 0 ? i - 1 : 0];
        canvas.line(from_x, from_y, x, y, static_cast<int>(k));
      }
    }
  }
}

// A character of U+2800: bits 0 to 2 and 6 go down the left column, 3 to 5 and 7 down the right.
std::string braille(const Canvas& canvas, int column, int row) {
  constexpr std::array<std::array<int, 4>, 2> kBits = {{{0, 1, 2, 6}, {3, 4, 5, 7}}};
  unsigned dots = 0;
  for (int x = 0; x < 2; ++x) {
    for (int y = 0; y < 4; ++y) {
      if (canvas.owner(2 * column + x, 4 * row + y) >= 0)
        dots |= 1U << kBits[static_cast<std::size_t>(x)][static_cast<std::size_t>(y)];
    }
  }
  if (dots == 0) return " ";
  return {static_cast<char>(0xE2), static_cast<char>(0xA0 | dots >> 6),
          static_cast<char>(0x80 | (dots & 0x3F))};
}

std::string cell(const Canvas& canvas, int column, int row, bool is_braille) {
  if (is_braille) return braille(canvas, column, row);
  const int owner = canvas.owner(column, row);
  return std::string(1, owner < 0 ? ' ' : kMarks[owner % 6]);
}

std::string show_tick(double value, const PlotSpec& spec, bool is_x) {
  if (is_x && spec.axis == Axis::Time) return fmt::format("{:.4g} s", value);
  return fmt::format("{:.4g}", value);
}

// The names of the axis of x under it: its first, its middle and its last value.
std::string x_line(const Scale& scale, const PlotSpec& spec, int margin, int columns) {
  const std::string low = show_tick(scale.x_low, spec, true),
                    middle = show_tick((scale.x_low + scale.x_high) / 2, spec, true),
                    high = show_tick(scale.x_high, spec, true);
  std::string out(static_cast<std::size_t>(margin + 1), ' ');
  const int room = columns - static_cast<int>(low.size() + middle.size() + high.size());
  if (room < 4) return out + low + "\n";
  const auto left = static_cast<std::size_t>(room / 2);
  return out + low + std::string(left, ' ') + middle +
         std::string(static_cast<std::size_t>(room) - left, ' ') + high + "\n";
}

}  // namespace

std::vector<double> ticks(double low, double high, int most, bool is_log) {
  std::vector<double> out;
  if (is_log && high / low >= 10) {
    for (double power = std::ceil(std::log10(low)); power <= std::floor(std::log10(high)); ++power)
      out.push_back(std::pow(10, power));
    const auto each =
        (out.size() + static_cast<std::size_t>(most) - 1) / static_cast<std::size_t>(most);
    std::vector<double> kept;
    for (std::size_t i = 0; i < out.size(); i += std::max<std::size_t>(1, each))
      kept.push_back(out[i]);
    return kept;
  }
  const double rough = (high - low) / most;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (factor * power >= rough) step = factor * power;
  }
  for (double at = std::ceil(low / step); at * step <= high * (1 + 1e-12); ++at)
    out.push_back(at * step);
  return out;
}

std::string plot_text(const std::vector<Curve>& curves, const PlotSpec& spec, bool has_unicode) {
  const auto scale = scale_of(curves, spec);
  if (!scale) return spec.title + ": nothing to draw\n";
  const bool is_braille =
      has_unicode && curves.size() == 1;  // its dots have no colour of their own
  constexpr int kMargin = 10;
  const int columns = std::max(10, spec.width - kMargin - 2), rows = std::max(4, spec.height - 2);
  Canvas canvas(columns * (is_braille ? 2 : 1), rows * (is_braille ? 4 : 1));
  draw(curves, spec, *scale, canvas);
  std::string out = spec.title + (spec.is_log ? ", logarithmic" : "") + "\n";
  std::vector<std::string> names(static_cast<std::size_t>(rows));
  for (const double tick : ticks(scale->y_low, scale->y_high, std::max(2, rows / 4), spec.is_log)) {
    const int row = std::clamp(static_cast<int>((1 - scale->y(tick)) * rows), 0, rows - 1);
    names[static_cast<std::size_t>(row)] = show_tick(tick, spec, false);
  }
  for (int row = 0; row < rows; ++row) {
    const std::string& name = names[static_cast<std::size_t>(row)];
    std::string line = fmt::format("{:>{}} {}", name, kMargin, name.empty() ? "|" : "+");
    for (int column = 0; column < columns; ++column) line += cell(canvas, column, row, is_braille);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  out += x_line(*scale, spec, kMargin, columns);
  for (std::size_t k = 0; k < curves.size(); ++k) {
    const std::string mark = is_braille ? "" : std::string(1, kMarks[k % 6]) + " ";
    out += std::string(kMargin + 2, ' ') + mark + curves[k].label + "\n";
  }
  return out;
}

namespace {

constexpr double kLeft = 72, kTop = 36, kWide = 620, kHigh = 320;
// Okabe and Ito's colours, told apart by all; the dashes are for print.
constexpr const char* kColours[] = {"#0072b2", "#d55e00", "#009e73",
                                    "#cc79a7", "#e69f00", "#56b4e9"};
constexpr const char* kDashes[] = {"none", "6 3", "2 2", "8 3 2 3", "none", "4 4"};

std::string svg_frame(const Scale& scale, const PlotSpec& spec) {
  std::string out =
      fmt::format("<rect x='{}' y='{}' width='{}' height='{}' fill='none' stroke='#888'/>\n", kLeft,
                  kTop, kWide, kHigh);
  for (const double tick : ticks(scale.y_low, scale.y_high, 6, spec.is_log)) {
    const double y = kTop + (1 - scale.y(tick)) * kHigh;
    out += fmt::format(
        "<line x1='{0}' x2='{1}' y1='{2:.1f}' y2='{2:.1f}' stroke='#ddd'/>"
        "<text x='{3}' y='{4:.1f}' text-anchor='end'>{5}</text>\n",
        kLeft, kLeft + kWide, y, kLeft - 8, y + 4, show_tick(tick, spec, false));
  }
  for (const double tick : ticks(scale.x_low, scale.x_high, 7, false)) {
    const double x = kLeft + scale.x(tick) * kWide;
    out += fmt::format("<text x='{:.1f}' y='{}' text-anchor='middle'>{}</text>\n", x,
                       kTop + kHigh + 18, show_tick(tick, spec, true));
  }
  return out;
}

std::string svg_curve(const Curve& curve, const PlotSpec& spec, const Scale& scale, std::size_t k) {
  std::string path;
  for (const Stroke& stroke : strokes_of(curve, spec, scale)) {
    for (std::size_t i = 0; i < stroke.size(); ++i)
      path += fmt::format("{}{:.1f} {:.1f}", i > 0 ? "L" : "M", kLeft + stroke[i].first * kWide,
                          kTop + (1 - stroke[i].second) * kHigh);
  }
  const double y = kTop + 16 + 18 * static_cast<double>(k), x = kLeft + kWide - 12;
  return fmt::format(
      "<path d='{0}' fill='none' stroke='{1}' stroke-width='1.6' stroke-dasharray='{2}'/>"
      "<text x='{3}' y='{4}' text-anchor='end' fill='{1}'>{5}</text>\n",
      path, kColours[k % 6], kDashes[k % 6], x, y, html_escaped(curve.label));
}

}  // namespace

std::string plot_svg(const std::vector<Curve>& curves, const PlotSpec& spec) {
  std::string out =
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 720 420' font-family='sans-serif' "
      "font-size='12'>\n<rect width='720' height='420' fill='#fff'/>\n";
  out += fmt::format("<text x='{}' y='22' font-size='14'>{}</text>\n", kLeft,
                     html_escaped(spec.title));
  if (const auto scale = scale_of(curves, spec)) {
    out += svg_frame(*scale, spec);
    for (std::size_t k = 0; k < curves.size(); ++k) out += svg_curve(curves[k], spec, *scale, k);
  } else {
    out += fmt::format("<text x='{}' y='{}'>nothing to draw</text>\n", kLeft, kTop + 40);
  }
  out += fmt::format("<text x='{}' y='410' text-anchor='middle'>{}</text>\n</svg>\n",
                     kLeft + kWide / 2, spec.axis == Axis::Step ? "step" : "time");
  return out;
}

}  // namespace fdl::monitor
