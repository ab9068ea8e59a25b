#include "lib/nn/class_counts.h"

#include <limits>

#include "lib/nn/class_values.h"

namespace fdl::nn {
namespace {

using catalog::ClassTask;

// The counts of a class stand together: right, answers, targets, total.
constexpr std::size_t kNumbers = 4;

void count_classes(const ClassBatch& batch, std::vector<std::int64_t>& counts,
                   std::size_t num_classes) {
  std::int64_t total = 0;
  for_each_row(batch, [&](std::int64_t i, auto scores) {
    const std::int64_t truth = batch.truth[static_cast<std::size_t>(i)];
    if (truth < 0) return;
    const std::size_t answer = largest(scores), target = static_cast<std::size_t>(truth);
    if (answer == target) ++counts[kNumbers * target];
    ++counts[kNumbers * answer + 1];
    ++counts[kNumbers * target + 2];
    ++total;
  });
  for (std::size_t c = 0; c < num_classes; ++c) counts[kNumbers * c + 3] += total;
}

void count_decisions(const ClassBatch& batch, const Decision& decide,
                     std::vector<std::int64_t>& counts) {
  for_each_row(batch, [&](std::int64_t i, auto scores) {
    for (std::size_t c = 0; c < scores.size(); ++c) {
      const std::int64_t truth = batch.truth[static_cast<std::size_t>(i) * scores.size() + c];
      if (truth < 0) continue;
      const bool answer = decide(scores[c]), target = truth == 1;
      counts[kNumbers * c] += answer && target;
      counts[kNumbers * c + 1] += answer;
      counts[kNumbers * c + 2] += target;
      ++counts[kNumbers * c + 3];
    }
  });
}

CountedClasses counted(ClassTask task, const MetricState& state) {
  CountedClasses out{task, {}};
  for (std::size_t at = 0; at < state.counts.size(); at += kNumbers) {
    const auto number = [&](std::size_t k) { return static_cast<double>(state.counts[at + k]); };
    out.classes.push_back({number(0), number(1), number(2), number(3)});
  }
  return out;
}

}  // namespace

ClassCounts CountedClasses::together() const {
  ClassCounts out;
  for (const ClassCounts& c : classes) {
    out.right += c.right;
    out.answers += c.answers;
    out.targets += c.targets;
    out.total += c.total;
  }
  return out;
}

Metric count_metric(const catalog::DecisionParams& params, const catalog::TensorTypes& types,
                    CountRule rule) {
  const ClassReader reader(params, types);
  Metric out;
  out.empty.counts.resize(kNumbers * reader.num_classes());
  out.add = [reader, decide = Decision(params)](
                MetricState& state, const Compared& compared) -> std::optional<MetricProblem> {
    const auto batch = reader.read(compared);
    if (!batch) return batch.error();
    if (reader.is_multiclass())
      count_classes(*batch, state.counts, reader.num_classes());
    else
      count_decisions(*batch, decide, state.counts);
    return std::nullopt;
  };
  out.values = [task = reader.task(), rule = std::move(rule)](const MetricState& state) {
    return rule(counted(task, state));
  };
  return out;
}

double weighted_mean(const std::vector<double>& values, const std::vector<double>& weights) {
  double sum = 0, total = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (weights[i] == 0 || std::isnan(values[i])) continue;
    sum += weights[i] * values[i];
    total += weights[i];
  }
  return total == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / total;
}

std::vector<double> averaged(const std::string& average, std::vector<double> values,
                             const std::vector<double>& num_targets) {
  if (average == "none" || values.size() == 1) return values;
  if (average == "weighted") return {weighted_mean(values, num_targets)};
  return {weighted_mean(values, std::vector<double>(values.size(), 1))};
}

Metric averaged_metric(const catalog::DecisionParams& params,
                       const catalog::AverageParams& averages, const catalog::TensorTypes& types,
                       ClassRule rule) {
  const auto combine = [rule = std::move(rule), average = averages.average](
                           const CountedClasses& counted) -> std::vector<double> {
    if (average == "micro") return {rule(counted.together())};
    std::vector<double> values, num_targets;
    for (const ClassCounts& c : counted.classes) {
      const bool is_nowhere = counted.is_multiclass() && c.answers == 0 && c.targets == 0;
      if (is_nowhere && average == "macro") continue;
      values.push_back(rule(c));
      num_targets.push_back(c.targets);
    }
    if (values.empty()) return {std::numeric_limits<double>::quiet_NaN()};
    return averaged(average, std::move(values), num_targets);
  };
  return count_metric(params, types, combine);
}

}  // namespace fdl::nn
