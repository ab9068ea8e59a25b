#include "lib/catalog/metrics/brier.h"

#include "lib/nn/class_values.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {

Metric metric_brier(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto& p = choice.as<catalog::BrierParams>();
  const ClassReader reader(p, types);
  Metric out;
  out.empty.counts.resize(1);
  out.empty.sums.resize(1);
  out.add = [reader, probabilities = Probabilities(reader.task(), p.logits)](
                MetricState& state, const Compared& compared) -> std::optional<MetricProblem> {
    const auto batch = reader.read(compared);
    if (!batch) return batch.error();
    MetricState next = state;
    auto problem = for_each_probability(
        *batch, probabilities, [&](std::int64_t i, const std::vector<double>& row) {
          for (std::size_t c = 0; c < row.size(); ++c) {
            const auto at = static_cast<std::size_t>(i) * (reader.is_multiclass() ? 1 : row.size());
            const std::int64_t truth = batch->truth[reader.is_multiclass() ? at : at + c];
            if (truth < 0) continue;
            const bool is_true =
                reader.is_multiclass() ? truth == static_cast<std::int64_t>(c) : truth == 1;
            const double distance = row[c] - (is_true ? 1 : 0);
            next.sums[0].add_product(distance, distance);
            next.counts[0] += reader.is_multiclass() && c > 0 ? 0 : 1;
          }
        });
    if (!problem) state = std::move(next);
    return problem;
  };
  out.values = [](const MetricState& state) {
    return std::vector{state.sums[0].value() / static_cast<double>(state.counts[0])};
  };
  return out;
}

}  // namespace fdl::nn
