#include "lib/monitor/thin.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace fdl::monitor {
namespace {

void copy_point(const Series& from, std::size_t i, Series& to) {
  to.add(from.step[i], from.time_s[i], from.value[i]);
}

// The places of what must be seen of [begin, end).
std::set<std::size_t> extremes(const std::vector<double>& values, std::size_t begin,
                               std::size_t end) {
  std::size_t least = end, greatest = end;
  std::set<std::size_t> out;
  for (std::size_t i = begin; i < end; ++i) {
    if (!std::isfinite(values[i])) {
      if (out.empty()) out.insert(i);
      continue;
    }
    if (least == end || values[i] < values[least]) least = i;
    if (greatest == end || values[i] > values[greatest]) greatest = i;
  }
  if (least != end) out.insert({least, greatest});
  return out;
}

}  // namespace

Series thinned(const Series& series, std::size_t points) {
  if (series.size() <= points) return series;
  Series out;
  const std::size_t stretches = std::max<std::size_t>(1, (points - 2) / 2);
  const std::size_t inner = series.size() - 2;
  copy_point(series, 0, out);
  for (std::size_t k = 0; k < stretches; ++k) {
    const std::size_t begin = 1 + inner * k / stretches, end = 1 + inner * (k + 1) / stretches;
    for (const std::size_t i : extremes(series.value, begin, end)) copy_point(series, i, out);
  }
  copy_point(series, series.size() - 1, out);
  return out;
}

Series between(const Series& series, Axis axis, double from, double to) {
  const std::vector<double>& along = axis == Axis::Step ? series.step : series.time_s;
  auto begin = std::lower_bound(along.begin(), along.end(), from);
  auto end = std::upper_bound(begin, along.end(), to);
  if (begin != along.begin()) --begin;
  if (end != along.end()) ++end;
  Series out;
  for (auto at = begin; at != end; ++at)
    copy_point(series, static_cast<std::size_t>(at - along.begin()), out);
  return out;
}

}  // namespace fdl::monitor
