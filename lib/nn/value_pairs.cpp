#include "lib/nn/value_pairs.h"

#include <cmath>
#include <limits>

#include "lib/nn/class_values.h"

namespace fdl::nn {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// Calls visit(place, output, target) for all that count, `place` counting the values of a batch
// from 0. The first that is not finite stops it.
template <typename F>
std::optional<MetricProblem> for_each_pair(const Compared& compared, F&& visit) {
  const at::Tensor x = compared[0].detach().to(at::kCPU, at::kDouble).contiguous();
  const at::Tensor y = compared[1].detach().to(at::kCPU, at::kDouble).contiguous();
  const at::Tensor mask = mask_like(y, compared);
  const bool* counts = mask.defined() ? mask.const_data_ptr<bool>() : nullptr;
  const auto *xs = x.const_data_ptr<double>(), *ys = y.const_data_ptr<double>();
  const std::int64_t num_samples = std::max<std::int64_t>(1, x.size(0));
  const std::int64_t per_sample = std::max<std::int64_t>(1, x.numel() / num_samples);
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    if (counts != nullptr && !counts[i]) continue;
    if (!std::isfinite(xs[i]) || !std::isfinite(ys[i])) {
      const bool is_output = !std::isfinite(xs[i]);
      return MetricProblem{
          i / per_sample,
          is_output ? "the output is not a finite number" : "the target is not a finite number",
          is_output};
    }
    visit(static_cast<std::size_t>(i), xs[i], ys[i]);
  }
  return std::nullopt;
}

// n * sum(ab) - sum(a) * sum(b).
double centred(std::int64_t count, const ExactSum& ab, const ExactSum& a, const ExactSum& b) {
  return difference(product({static_cast<double>(count), 0}, ab), product(a, b)).value();
}

constexpr std::size_t kSums = 5;

std::vector<Moments> columns_of(const MetricState& state) {
  std::vector<Moments> out;
  for (std::size_t c = 0; c < state.counts.size(); ++c) {
    const ExactSum* s = state.sums.data() + kSums * c;
    out.push_back({state.counts[c], s[0], s[1], s[2], s[3], s[4]});
  }
  return out;
}

MetricState state_of(const std::vector<Moments>& columns) {
  MetricState out;
  for (const Moments& m : columns) {
    out.counts.push_back(m.count);
    out.sums.insert(out.sums.end(), {m.x, m.y, m.xx, m.yy, m.xy});
  }
  return out;
}

}  // namespace

Metric mean_metric(const catalog::TensorTypes&, Term term, std::function<double(double)> of_mean) {
  Metric out;
  out.empty.counts.resize(1);
  out.empty.sums.resize(1);
  out.add = [term = std::move(term)](MetricState& state,
                                     const Compared& compared) -> std::optional<MetricProblem> {
    MetricState next = state;
    auto problem = for_each_pair(compared, [&](std::size_t, double x, double y) {
      term(x, y, next.sums[0]);
      ++next.counts[0];
    });
    if (!problem) state = std::move(next);
    return problem;
  };
  out.values = [of_mean = std::move(of_mean)](const MetricState& state) {
    return std::vector{of_mean(state.sums[0].value() / static_cast<double>(state.counts[0]))};
  };
  return out;
}

void Moments::add(double output, double target) {
  ++count;
  x.add(output);
  y.add(target);
  xx.add_product(output, output);
  yy.add_product(target, target);
  xy.add_product(output, target);
}

double Moments::var_x() const { return centred(count, xx, x, x); }
double Moments::var_y() const { return centred(count, yy, y, y); }
double Moments::covariance() const { return centred(count, xy, x, y); }

double Moments::square_error() const {
  const ExactSum twice{2 * xy.high, 2 * xy.low};
  ExactSum sum = difference(xx, twice);
  sum.add(yy);
  return sum.value() * static_cast<double>(count);
}

double Moments::var_error() const {
  const ExactSum twice{2 * xy.high, 2 * xy.low};
  ExactSum squares = difference(xx, twice);
  squares.add(yy);
  const ExactSum error = difference(x, y);
  return centred(count, squares, error, error);
}

double Moments::correlation() const {
  const double both = std::sqrt(var_x()) * std::sqrt(var_y());
  return both > 0 ? std::max(-1.0, std::min(1.0, covariance() / both)) : kNone;
}

Metric moments_metric(const catalog::TensorTypes& types,
                      std::function<double(const std::vector<Moments>&)> of_columns) {
  const auto num_columns = static_cast<std::size_t>(catalog::num_columns(types[0]));
  Metric out;
  out.empty = state_of(std::vector<Moments>(num_columns));
  out.add = [num_columns](MetricState& state,
                          const Compared& compared) -> std::optional<MetricProblem> {
    std::vector<Moments> columns = columns_of(state);
    auto problem = for_each_pair(compared, [&](std::size_t place, double x, double y) {
      columns[place % num_columns].add(x, y);
    });
    if (!problem) state = state_of(columns);
    return problem;
  };
  out.values = [of_columns = std::move(of_columns)](const MetricState& state) {
    return std::vector{of_columns(columns_of(state))};
  };
  return out;
}

std::function<double(const std::vector<Moments>&)> explained(const std::string& multioutput,
                                                             bool centred) {
  const bool is_weighted = multioutput == "variance_weighted";
  return [is_weighted, centred](const std::vector<Moments>& columns) {
    double sum = 0, total = 0;
    for (const Moments& m : columns) {
      if (m.count == 0) return kNone;
      const double error = centred ? m.var_error() : m.square_error(), variance = m.var_y();
      const double value = variance > 0 ? 1 - error / variance : error > 0 ? 0 : 1;
      const double square = static_cast<double>(m.count) * static_cast<double>(m.count);
      const double weight = is_weighted ? variance / square : 1;
      sum += weight * value;
      total += weight;
    }
    return total > 0 ? sum / total : kNone;
  };
}

double plain_mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? kNone : sum / static_cast<double>(values.size());
}

Metric kept_metric(const catalog::TensorTypes& types,
                   std::function<double(std::vector<double>, std::vector<double>)> of_pairs) {
  const auto num_columns = static_cast<std::size_t>(catalog::num_columns(types[0]));
  Metric out;
  out.add = [num_columns](MetricState& state,
                          const Compared& compared) -> std::optional<MetricProblem> {
    std::vector<double> rows;  // column, output, target
    auto problem = for_each_pair(compared, [&](std::size_t place, double x, double y) {
      rows.insert(rows.end(), {static_cast<double>(place % num_columns), x, y});
    });
    if (!problem) state.kept.insert(state.kept.end(), rows.begin(), rows.end());
    return problem;
  };
  out.values = [num_columns, of_pairs = std::move(of_pairs)](const MetricState& state) {
    std::vector<std::vector<double>> xs(num_columns), ys(num_columns);
    for (std::size_t i = 0; i < state.kept.size(); i += 3) {
      const auto column = static_cast<std::size_t>(state.kept[i]);
      xs[column].push_back(state.kept[i + 1]);
      ys[column].push_back(state.kept[i + 2]);
    }
    std::vector<double> values;
    for (std::size_t c = 0; c < num_columns; ++c)
      values.push_back(of_pairs(std::move(xs[c]), std::move(ys[c])));
    return std::vector{plain_mean(values)};
  };
  return out;
}

}  // namespace fdl::nn
