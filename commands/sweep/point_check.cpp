#include "commands/sweep/point_check.h"

#include <algorithm>

#include <fmt/ranges.h>

namespace fdl::commands {
namespace {

// A problem, and the points that have it.
struct Found {
  Diagnostic problem;
  std::size_t first = 0, count = 0;
};

bool is_same(const Diagnostic& a, const Diagnostic& b) {
  return a.code == b.code && a.message == b.message && a.span.line == b.span.line &&
         a.span.column == b.span.column;
}

void enter(const Diagnostic& problem, std::size_t point, std::vector<Found>& found) {
  const auto known = std::find_if(found.begin(), found.end(),
                                  [&](const Found& one) { return is_same(one.problem, problem); });
  if (known != found.end())
    ++known->count;
  else
    found.push_back({problem, point, 1});
}

}  // namespace

std::size_t check_sweep_points(const ChosenManifest& chosen, const job::Sweep& sweep,
                               bool skip_data, const Context& context, Diagnostics& problems) {
  const std::vector<Diagnostic> own = problems.sorted();
  const std::vector<job::SweepPoint> points = job::sweep_points(sweep);
  std::vector<Found> found;
  for (std::size_t point = 0; point < points.size(); ++point) {
    ChosenManifest with_values = chosen;
    for (const std::string& value : points[point]) with_values.selection.overrides.push_back(value);
    Diagnostics here;
    const auto manifest = load(with_values, context, here);
    if (manifest) job::check(*manifest, context.environment, skip_data, here);
    for (const Diagnostic& problem : here.sorted()) {
      const bool is_own = std::any_of(own.begin(), own.end(),
                                      [&](const Diagnostic& one) { return is_same(one, problem); });
      if (!is_own) enter(problem, point, found);
    }
  }
  for (Found& one : found) {
    std::string where = fmt::format("with {}", fmt::join(points[one.first], " "));
    if (one.count > 1)
      where += fmt::format(", and {} more of the sweep's {} points", one.count - 1, points.size());
    problems.add(std::move(one.problem).note("{}", where));
  }
  return points.size();
}

}  // namespace fdl::commands
