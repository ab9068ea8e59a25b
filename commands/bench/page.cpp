// The benchmark as one HTML file: the table, and how often faster each arm is.
#include <algorithm>

#include <fmt/format.h>

#include "commands/bench/report.h"
#include "lib/base/html.h"

namespace fdl::commands::bench {
namespace {

constexpr const char* kStyle = R"(
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
pre { overflow-x: auto; font-size: 13px; }
svg { width: 100%; height: auto; }
text { font: 12px system-ui, sans-serif; fill: currentColor; }
.bar { fill: #8aa; } .own { fill: #2a8; } .interval { stroke: currentColor; stroke-width: 1.5; }
.one { stroke: currentColor; stroke-dasharray: 3 3; opacity: .5; }
)";

// A bar for each arm, with its interval; the dashed line is the baseline.
std::string bars_of(const JobReport& job) {
  constexpr double kLeft = 130, kWidth = 520, kLine = 22;
  double most = 1;
  for (const std::string& arm : job.arms) {
    if (const auto speed = speed_of(job, arm)) most = std::max(most, speed->high);
  }
  const double scale = kWidth / most;
  std::string out;
  double y = 4;
  for (const std::string& arm : job.arms) {
    const auto speed = speed_of(job, arm);
    if (!speed) continue;
    out += fmt::format(
        R"(<text x="0" y="{0:.0f}">{1}</text><rect class="bar {2}" x="{3}" y="{4:.0f}" width="{5:.1f}" height="14"/>)"
        R"(<line class="interval" x1="{6:.1f}" x2="{7:.1f}" y1="{8:.0f}" y2="{8:.0f}"/>)"
        R"(<text x="{9:.1f}" y="{0:.0f}">{10:.2f}</text>)",
        y + 12, html_escaped(arm), arm == kOwnArm ? "own" : "", kLeft, y, speed->ratio * scale,
        kLeft + speed->low * scale, kLeft + speed->high * scale, y + 7,
        kLeft + speed->high * scale + 6, speed->ratio);
    y += kLine;
  }
  if (y < kLine) return "";
  return fmt::format(
      R"(<h2>{0}</h2><svg viewBox="0 0 720 {1:.0f}" role="img" aria-label="{0}: times the speed of {2}">)"
      R"(<line class="one" x1="{3:.1f}" x2="{3:.1f}" y1="0" y2="{1:.0f}"/>{4}</svg>)",
      html_escaped(job.job->name), y, kBaseline, kLeft + scale, out);
}

std::string list_of(const std::map<std::string, std::string>& facts) {
  std::string out;
  for (const auto& [name, value] : facts)
    out += fmt::format("<li>{}: {}</li>", html_escaped(name), html_escaped(value));
  return out;
}

}  // namespace

std::string to_page(const Report& report) {
  std::string out = fmt::format(
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><title>fdl bench</title><style>{}</style><h1>fdl bench</h1>"
      "<p>{}: {} rounds in which the arms take turns, {} threads. Bars say how often faster a "
      "training step is than with {}: medians over rounds, lines their 95 % interval.</p>",
      kStyle, html_escaped(report.date), report.rounds, report.threads, kBaseline);
  out += "<pre>" + html_escaped(report.command) + "</pre>";
  for (const JobReport& job : report.jobs) out += bars_of(job);
  out += "<h2>All figures</h2><pre>" + html_escaped(to_table(report)) + "</pre><h2>Arms</h2><ul>";
  for (const Arm& arm : peers())
    out += fmt::format("<li>{}: {}</li>", html_escaped(arm.name), html_escaped(arm.doc));
  out += "</ul><h2>Measured on</h2><ul>" + list_of(report.machine) + list_of(report.versions) +
         "</ul></html>\n";
  return out;
}

}  // namespace fdl::commands::bench
