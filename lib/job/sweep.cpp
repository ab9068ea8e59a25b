#include "lib/job/sweep.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "lib/base/closest.h"
#include "lib/config/show.h"
#include "lib/job/sections.h"
#include "lib/job/sobol.h"

namespace fdl::job {
namespace {

using config::Node;
using Method = Sweep::Method;
using Scale = SweepAxis::Scale;

constexpr std::int64_t kMostPoints = 10'000;

// A range as it is written.
struct RangeKeys {
  std::optional<std::array<double, 2>> log, linear;
  std::int64_t n = 0;
  bool integer = false;
};
const config::RecordSpec& record_spec(const RangeKeys*) {
  using K = RangeKeys;
  static const config::RecordSpec spec =
      config::RecordBuilder<K>("range", "Numbers to try.")
          .field("log", &K::log, "From the first to the last, by equal factors.")
          .field("linear", &K::linear, "From the first to the last, by equal steps.")
          .field("n", &K::n, "How many, in a grid.", config::at_least(1))
          .field("integer", &K::integer, "Round to whole numbers.")
          .build();
  return spec;
}

Method method_of(const std::string& name) {
  if (name == "random") return Method::Random;
  if (name == "sobol") return Method::Sobol;
  return name == "halving" ? Method::Halving : Method::Grid;
}

Diagnostic bad(const Span& at, std::string text) { return error(Code::BadSweep, at, "{}", text); }

void read_range(const config::Entry& entry, bool is_grid, SweepAxis& out, Diagnostics& problems) {
  RangeKeys keys;
  Diagnostics own;
  config::bind_record(record_spec(&keys), entry.value, &keys, own);
  const bool is_fine = !own.has_errors();
  problems.add(std::move(own));
  if (!is_fine) return;
  if (keys.log.has_value() == keys.linear.has_value()) {
    problems.add(bad(entry.value.span, "a range has either 'log' or 'linear'")
                     .help("for example {{ log: [1e-4, 1e-2], n: 5 }}, or a list of values"));
    return;
  }
  out.scale = keys.log ? Scale::Log : Scale::Linear;
  out.low = keys.log ? (*keys.log)[0] : (*keys.linear)[0];
  out.high = keys.log ? (*keys.log)[1] : (*keys.linear)[1];
  out.n = keys.n;
  out.integer = keys.integer;
  const bool is_range = std::isfinite(out.low) && std::isfinite(out.high) && out.low < out.high &&
                        (out.scale != Scale::Log || out.low > 0);
  if (!is_range) {
    problems.add(
        bad(entry.value.span, fmt::format("the range from {} to {} is none", out.low, out.high))
            .help("the first number must be below the last{}",
                  out.scale == Scale::Log ? ", and above 0" : ""));
  } else if (is_grid && keys.n == 0) {
    problems.add(bad(entry.value.span, "a range in a grid needs 'n', how many values to try")
                     .help("add n: 5, or take method: random"));
  }
}

std::optional<SweepAxis> read_axis(const config::Entry& entry, bool is_grid,
                                   Diagnostics& problems) {
  SweepAxis out;
  out.path = entry.key;
  out.span = entry.key_span;
  const std::string section = entry.key.substr(0, entry.key.find('.'));
  const auto& known = merge_rules().preset_sections;
  if (std::find(known.begin(), known.end(), section) == known.end()) {
    problems.add(bad(entry.key_span, fmt::format("'{}' is no key of a job", entry.key))
                     .help("name a value by its path, such as training.optimizer.adamw.lr")
                     .note("jobs have {}", one_of(known)));
    return std::nullopt;
  }
  if (entry.value.is_list() && !entry.value.items.empty()) {
    for (const Node& value : entry.value.items)
      out.values.push_back(value.is_scalar() && !value.quoted ? value.text
                                                              : config::to_json(value, false, -1));
  } else if (entry.value.is_map()) {
    read_range(entry, is_grid, out, problems);
  } else {
    problems.add(bad(entry.value.span, fmt::format("'{}' has no values to try", entry.key))
                     .help("give a list, [16, 32, 64], or a range, {{ log: [1e-4, 1e-2], n: 5 }}"));
    return std::nullopt;
  }
  return out;
}

// Where in [0, 1] as a value of the axis.
std::string value_at(const SweepAxis& axis, double place) {
  if (axis.scale == Scale::List) {
    const auto size = static_cast<double>(axis.values.size());
    const auto index = static_cast<std::size_t>(std::min(place * size, size - 1));
    return axis.values[index];
  }
  double value = axis.low + (axis.high - axis.low) * place;
  if (axis.scale == Scale::Log)
    value = std::exp(std::log(axis.low) + (std::log(axis.high) - std::log(axis.low)) * place);
  if (place == 0) value = axis.low;
  if (place == 1) value = axis.high;
  // Six digits are enough for a value to try, and can be read.
  return axis.integer ? fmt::format("{}", std::llround(value)) : fmt::format("{:.6g}", value);
}

std::int64_t size_in_grid(const SweepAxis& axis) {
  return axis.scale == Scale::List ? static_cast<std::int64_t>(axis.values.size()) : axis.n;
}

std::vector<double> grid_place(const Sweep& sweep, std::int64_t number) {
  std::vector<double> out(sweep.axes.size());
  for (std::size_t i = sweep.axes.size(); i-- > 0;) {
    const std::int64_t size = size_in_grid(sweep.axes[i]), at = number % size;
    number /= size;
    const bool is_list = sweep.axes[i].scale == Scale::List;
    out[i] = is_list     ? (static_cast<double>(at) + 0.5) / static_cast<double>(size)
             : size == 1 ? 0
                         : static_cast<double>(at) / static_cast<double>(size - 1);
  }
  return out;
}

std::int64_t grid_size(const Sweep& sweep) {
  std::int64_t out = 1;
  for (const SweepAxis& axis : sweep.axes)
    out = std::min(kMostPoints + 1, out * std::max<std::int64_t>(1, size_in_grid(axis)));
  return out;
}

void check_size(const Sweep& sweep, const Node& section, Diagnostics& problems) {
  const bool is_grid = sweep.method == Method::Grid;
  if (!is_grid && sweep.n == 0) {
    problems.add(bad(section.span, "this method needs 'n', how many points to try")
                     .help("add n: 20, or take method: grid"));
  }
  if ((is_grid ? grid_size(sweep) : sweep.n) > kMostPoints) {
    problems.add(bad(section.span, fmt::format("a sweep has at most {} points", kMostPoints))
                     .help("try fewer values, or take method: random with n"));
  }
  if (sweep.method == Method::Sobol && sweep.axes.size() > kMostSobolDims) {
    problems.add(bad(section.span, fmt::format("sobol goes over at most {} keys", kMostSobolDims))
                     .help("take method: random"));
  }
}

}  // namespace

std::vector<SweepPoint> sweep_points(const Sweep& sweep) {
  const bool is_grid = sweep.method == Method::Grid;
  const std::int64_t num_points = is_grid ? grid_size(sweep) : sweep.n;
  std::mt19937_64 random(static_cast<std::uint64_t>(sweep.seed));
  std::vector<SweepPoint> out;
  for (std::int64_t number = 0; number < num_points; ++number) {
    std::vector<double> place;
    if (is_grid) {
      place = grid_place(sweep, number);
    } else if (sweep.method == Method::Sobol) {
      place = sobol_point(static_cast<std::uint32_t>(number), sweep.axes.size(),
                          static_cast<std::uint64_t>(sweep.seed) + 1);
    } else {
      for (std::size_t i = 0; i < sweep.axes.size(); ++i)
        place.push_back(static_cast<double>(random() >> 11U) / 9007199254740992.0);  // 2^53
    }
    SweepPoint point;
    for (std::size_t i = 0; i < sweep.axes.size(); ++i)
      point.push_back(sweep.axes[i].path + "=" + value_at(sweep.axes[i], place[i]));
    if (std::find(out.begin(), out.end(), point) == out.end()) out.push_back(std::move(point));
  }
  return out;
}

std::vector<double> sweep_rungs(const Sweep& sweep) {
  if (sweep.method != Method::Halving) return {1};
  std::vector<double> out = {1};
  const auto factor = static_cast<double>(sweep.factor);
  for (std::int64_t left = num_promoted(sweep, sweep.n); left > 1 && out.front() > 1e-3;
       left = num_promoted(sweep, left))
    out.insert(out.begin(), out.front() / factor);
  if (sweep.n > 1) out.insert(out.begin(), out.front() / factor);
  return out;
}

std::int64_t steps_of_share(double share, std::int64_t total_steps) {
  constexpr double kRounding = 1e-9;  // a third of 90 is 30
  return static_cast<std::int64_t>(std::ceil(share * static_cast<double>(total_steps) - kRounding));
}

std::int64_t num_promoted(const Sweep& sweep, std::int64_t num_points) {
  return std::max<std::int64_t>(1, num_points / sweep.factor);
}

std::optional<Sweep> read_sweep(const config::Manifest& manifest, const Job& job,
                                Diagnostics& problems) {
  const Node* section = manifest.root.find("sweep");
  if (section == nullptr || section->is_null()) return std::nullopt;
  SweepKeys keys;
  config::bind_record(record_spec(&keys), *section, &keys, problems);
  Sweep out;
  out.method = method_of(keys.method);
  out.metric = keys.metric;
  out.n = keys.n;
  out.seed = keys.seed;
  out.factor = keys.factor;
  if (!section->has("over")) return std::nullopt;
  if (!keys.over.is_map() || keys.over.entries.empty()) {
    problems.add(config::wrong_type(keys.over, "over", "a map of paths to values"));
    return std::nullopt;
  }
  for (const config::Entry& entry : keys.over.entries) {
    if (auto axis = read_axis(entry, out.method == Method::Grid, problems))
      out.axes.push_back(*std::move(axis));
  }
  check_size(out, *section, problems);
  if (out.method == Method::Halving && !job.training.epochs && !job.training.steps) {
    problems.add(bad(section->span, "halving needs to know how long the training is")
                     .help("give `epochs:` or `steps:` beside `max_time:`"));
  }
  const Node* metric = section->find("metric");
  if (keys.metric.empty()) return std::nullopt;
  is_computed(job, out.metric, metric != nullptr ? metric->span : section->span, problems);
  out.is_max = keys.mode.empty() ? job.training.higher_is_better(out.metric) : keys.mode == "max";
  return out;
}

}  // namespace fdl::job
