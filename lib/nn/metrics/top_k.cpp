#include "lib/catalog/metrics/top_k.h"

#include "lib/nn/class_values.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {

Metric metric_top_k(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto p = choice.as<catalog::metrics::TopKParams>();
  Metric out;
  out.empty.counts.resize(2);  // right ones, all
  out.add = [reader = ClassReader(p, types), k = p.k](
                MetricState& state, const Compared& compared) -> std::optional<MetricProblem> {
    const auto batch = reader.read(compared);
    if (!batch) return batch.error();
    for_each_row(*batch, [&](std::int64_t i, auto scores) {
      const std::int64_t truth = batch->truth[static_cast<std::size_t>(i)];
      if (truth < 0) return;
      const auto target = static_cast<std::size_t>(truth);
      std::int64_t num_before = 0;
      for (std::size_t c = 0; c < scores.size(); ++c)
        num_before += scores[c] > scores[target] || (scores[c] == scores[target] && c < target);
      state.counts[0] += num_before < k;
      ++state.counts[1];
    });
    return std::nullopt;
  };
  out.values = [](const MetricState& state) {
    return std::vector{static_cast<double>(state.counts[0]) / static_cast<double>(state.counts[1])};
  };
  return out;
}

}  // namespace fdl::nn
