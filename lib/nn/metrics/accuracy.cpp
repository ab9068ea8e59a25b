#include "lib/catalog/metrics/accuracy.h"

#include <cmath>

#include "lib/nn/class_counts.h"
#include "lib/nn/class_values.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

// The two counts: right targets, and all that count.
void count_rows(const ClassBatch& batch, std::vector<std::int64_t>& counts) {
  for_each_row(batch, [&](std::int64_t i, auto scores) {
    const std::int64_t truth = batch.truth[static_cast<std::size_t>(i)];
    if (truth < 0) return;
    counts[0] += static_cast<std::int64_t>(largest(scores)) == truth;
    ++counts[1];
  });
}

void count_decisions(const ClassBatch& batch, const Decision& decide,
                     std::vector<std::int64_t>& counts) {
  for_each_row(batch, [&](std::int64_t i, auto scores) {
    for (std::size_t c = 0; c < scores.size(); ++c) {
      const std::int64_t truth = batch.truth[static_cast<std::size_t>(i) * scores.size() + c];
      if (truth < 0) continue;
      counts[0] += decide(scores[c]) == (truth == 1);
      ++counts[1];
    }
  });
}

// The usual case in one pass: one operator's dispatch costs more than a small batch. False, with
// the counts as they were, where something is wrong: the reader then says what.
bool count_plain(const at::Tensor& scores, const at::Tensor& truth, std::int64_t ignored,
                 std::vector<std::int64_t>& counts) {
  const std::int64_t num_classes = scores.size(-1), num_rows = truth.numel();
  const auto* row = scores.const_data_ptr<float>();
  const auto* wanted = truth.const_data_ptr<std::int64_t>();
  std::int64_t num_right = 0, num_counted = 0;
  for (std::int64_t i = 0; i < num_rows; ++i, row += num_classes) {
    if (wanted[i] == ignored) continue;
    if (wanted[i] < 0 || wanted[i] >= num_classes || std::isnan(row[0])) return false;
    std::int64_t best = 0;
    for (std::int64_t c = 1; c < num_classes; ++c) {
      if (row[c] <= row[best]) continue;
      if (std::isnan(row[c])) return false;
      best = c;
    }
    num_right += best == wanted[i];
    ++num_counted;
  }
  counts[0] += num_right;
  counts[1] += num_counted;
  return true;
}

bool is_plain(const Compared& compared) {
  const at::Tensor &scores = compared[0], &truth = compared[1];
  return scores.device().is_cpu() && scores.scalar_type() == at::kFloat &&
         scores.dim() == truth.dim() + 1 && scores.is_contiguous() &&
         truth.scalar_type() == at::kLong && truth.is_contiguous() &&
         (compared.size() < 3 || !compared[2].defined());
}

}  // namespace

Metric metric_accuracy(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto p = choice.as<catalog::AccuracyParams>();
  const auto form = catalog::find_class_form(types[0], types[1], p.class_dim);
  const bool is_last =
      form.task == catalog::ClassTask::Multiclass && form.axis == types[0].shape.size() - 1;
  Metric out;
  out.empty.counts.resize(2);
  out.add = [reader = ClassReader(p, types), decide = Decision(p), is_last,
             ignored = p.ignore_index](MetricState& state,
                                       const Compared& compared) -> std::optional<MetricProblem> {
    if (is_last && is_plain(compared) &&
        count_plain(compared[0], compared[1], ignored, state.counts))
      return std::nullopt;
    const auto batch = reader.read(compared);
    if (!batch) return batch.error();
    if (reader.is_multiclass())
      count_rows(*batch, state.counts);
    else
      count_decisions(*batch, decide, state.counts);
    return std::nullopt;
  };
  out.values = [](const MetricState& state) {
    return std::vector{static_cast<double>(state.counts[0]) / static_cast<double>(state.counts[1])};
  };
  return out;
}

}  // namespace fdl::nn
