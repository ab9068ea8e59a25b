#include "lib/nn/likelihood.h"

#include <cmath>

#include <ATen/ops/log_softmax.h>

#include "lib/nn/class_values.h"

namespace fdl::nn {
namespace {

constexpr double kRounding = 1e-3;  // of a softmax in bf16

std::optional<MetricProblem> add_rows(MetricState& state, const ClassBatch& batch, bool logits) {
  ExactSum sum;
  std::int64_t count = 0;
  std::optional<MetricProblem> problem;
  for_each_row(batch, [&](std::int64_t i, auto row) {
    const std::int64_t truth = batch.truth[static_cast<std::size_t>(i)];
    if (truth < 0 || problem) return;
    const auto value = static_cast<double>(row[static_cast<std::size_t>(truth)]);
    if (std::isnan(value))
      problem = MetricProblem{i / batch.rows_per_sample, "the output is not a number", true};
    else if (!logits && !(value >= 0 && value <= 1 + kRounding))
      problem = MetricProblem{i / batch.rows_per_sample,
                              "the output is no probability: it must be from 0 to 1, or `logits` "
                              "true",
                              true};
    else
      sum.add(logits ? -value : -std::log(value));
    ++count;
  });
  if (problem) return problem;
  state.sums[0].add(sum);
  state.counts[0] += count;
  return std::nullopt;
}

}  // namespace

Metric likelihood_metric(const catalog::ProbabilityParams& params,
                         const catalog::TensorTypes& types, std::function<double(double)> of_mean) {
  Metric out;
  out.empty.counts.resize(1);
  out.empty.sums.resize(1);
  out.add = [reader = ClassReader(params, types), logits = params.logits](
                MetricState& state, const Compared& compared) -> std::optional<MetricProblem> {
    auto batch = reader.read(compared);
    if (!batch) return batch.error();
    // libtorch's own: a vocabulary has tens of thousands of exponentials a row.
    if (logits) batch->scores_NC = at::log_softmax(batch->scores_NC, 1);
    return add_rows(state, *batch, logits);
  };
  out.values = [of_mean = std::move(of_mean)](const MetricState& state) {
    return std::vector{of_mean(state.sums[0].value() / static_cast<double>(state.counts[0]))};
  };
  return out;
}

}  // namespace fdl::nn
