#include "lib/catalog/metrics/calibration_error.h"

#include <cmath>
#include <limits>

#include "lib/nn/class_values.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {

namespace {

// Of each bin: how many, how many of them are right, and the sum of their probabilities.
struct Bins {
  std::size_t count;
  std::size_t of(double probability) const {
    return std::min(count - 1, static_cast<std::size_t>(probability * static_cast<double>(count)));
  }
};

double joined(const MetricState& state, const std::string& norm) {
  double total = 0, out = 0;
  for (std::size_t b = 0; b < state.sums.size(); ++b)
    total += static_cast<double>(state.counts[2 * b]);
  if (total == 0) return std::numeric_limits<double>::quiet_NaN();
  for (std::size_t b = 0; b < state.sums.size(); ++b) {
    const auto number = static_cast<double>(state.counts[2 * b]);
    if (number == 0) continue;
    const auto num_right = static_cast<double>(state.counts[2 * b + 1]);
    const double gap = std::abs(num_right - state.sums[b].value()) / number;
    if (norm == "max")
      out = std::max(out, gap);
    else
      out += (norm == "l2" ? gap * gap : gap) * number / total;
  }
  return norm == "l2" ? std::sqrt(out) : out;
}

}  // namespace

Metric metric_calibration_error(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto& p = choice.as<catalog::CalibrationErrorParams>();
  const ClassReader reader(p, types);
  const Bins bins{static_cast<std::size_t>(p.num_bins)};
  Metric out;
  out.empty.counts.resize(2 * bins.count);
  out.empty.sums.resize(bins.count);
  out.add = [reader, bins, probabilities = Probabilities(reader.task(), p.logits)](
                MetricState& state, const Compared& compared) -> std::optional<MetricProblem> {
    const auto batch = reader.read(compared);
    if (!batch) return batch.error();
    MetricState next = state;
    auto problem = for_each_probability(
        *batch, probabilities, [&](std::int64_t i, const std::vector<double>& row) {
          const std::int64_t truth = batch->truth[static_cast<std::size_t>(i)];
          const std::size_t answer = largest(std::span(row));
          const std::size_t bin = bins.of(row[answer]);
          ++next.counts[2 * bin];
          next.counts[2 * bin + 1] +=
              reader.is_multiclass() ? static_cast<std::int64_t>(answer) == truth : truth == 1;
          next.sums[bin].add(row[answer]);
        });
    if (!problem) state = std::move(next);
    return problem;
  };
  out.values = [norm = p.norm](const MetricState& state) {
    return std::vector{joined(state, norm)};
  };
  return out;
}

}  // namespace fdl::nn
