#include "lib/nn/ranking.h"

#include <algorithm>
#include <limits>

#include "lib/nn/class_counts.h"
#include "lib/nn/class_values.h"

namespace fdl::nn {
namespace {

using Groups = std::vector<ScoreGroup>;

// What is kept of a batch: for each row C scores, then its targets: one class number, or C of 0, 1
// and -1 for one that does not count.
struct Kept {
  std::size_t num_classes = 1;
  bool is_multiclass = false;

  std::size_t num_targets() const { return is_multiclass ? 1 : num_classes; }
  std::size_t width() const { return num_classes + num_targets(); }
  // Whether the row's target is in class c: 1, 0 or -1.
  int is_inside(const double* row, std::size_t c) const {
    if (!is_multiclass) return static_cast<int>(row[num_classes + c]);
    return row[num_classes] == static_cast<double>(c) ? 1 : 0;
  }
};

tl::expected<std::vector<double>, MetricProblem> read_rows(const ClassReader& reader,
                                                           const Probabilities& probabilities,
                                                           const Compared& compared) {
  const auto batch = reader.read(compared);
  if (!batch) return tl::unexpected(batch.error());
  const std::size_t num_targets = reader.is_multiclass() ? 1 : reader.num_classes();
  std::vector<double> out;
  const auto problem = for_each_probability(
      *batch, probabilities, [&](std::int64_t i, const std::vector<double>& row) {
        out.insert(out.end(), row.begin(), row.end());
        const auto first = batch->truth.begin() + static_cast<std::ptrdiff_t>(i) *
                                                      static_cast<std::ptrdiff_t>(num_targets);
        out.insert(out.end(), first, first + static_cast<std::ptrdiff_t>(num_targets));
      });
  if (problem) return tl::unexpected(*problem);
  return out;
}

Groups groups_of_rows(const std::vector<double>& rows, const Kept& kept, std::size_t c) {
  std::vector<std::pair<double, bool>> scores;
  for (std::size_t at = 0; at < rows.size(); at += kept.width()) {
    const int inside = kept.is_inside(rows.data() + at, c);
    if (inside >= 0) scores.emplace_back(rows[at + c], inside == 1);
  }
  std::sort(scores.begin(), scores.end(),
            [](const auto& a, const auto& b) { return a.first > b.first; });
  Groups out;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (i == 0 || scores[i].first != scores[i - 1].first) out.emplace_back();
    ++(scores[i].second ? out.back().inside : out.back().outside);
  }
  return out;
}

// The bins of a class stand together, the least probable first: inside, outside.
void count_rows(const std::vector<double>& rows, const Kept& kept, std::size_t num_bins,
                std::vector<std::int64_t>& counts) {
  for (std::size_t at = 0; at < rows.size(); at += kept.width()) {
    for (std::size_t c = 0; c < kept.num_classes; ++c) {
      const int inside = kept.is_inside(rows.data() + at, c);
      if (inside < 0) continue;
      const double place = rows[at + c] * static_cast<double>(num_bins);
      const std::size_t bin = std::min(num_bins - 1, static_cast<std::size_t>(place));
      ++counts[2 * (c * num_bins + bin) + (inside == 1 ? 0 : 1)];
    }
  }
}

Groups groups_of_bins(const std::vector<std::int64_t>& counts, std::size_t num_bins,
                      std::size_t c) {
  Groups out;
  for (std::size_t bin = num_bins; bin-- > 0;) {
    const std::size_t at = 2 * (c * num_bins + bin);
    if (counts[at] + counts[at + 1] > 0) out.push_back({counts[at], counts[at + 1]});
  }
  return out;
}

std::vector<double> over_classes(const std::vector<Groups>& classes, const std::string& average,
                                 const RankingRule& rule) {
  std::vector<double> values, num_inside;
  for (const Groups& groups : classes) {
    ScoreGroup all;
    for (const ScoreGroup& group : groups) {
      all.inside += group.inside;
      all.outside += group.outside;
    }
    const bool has_both = all.inside > 0 && all.outside > 0;
    values.push_back(has_both ? rule(groups) : std::numeric_limits<double>::quiet_NaN());
    num_inside.push_back(static_cast<double>(all.inside));
  }
  return averaged(average, std::move(values), num_inside);
}

}  // namespace

Metric ranking_metric(const catalog::RankingParams& params, const catalog::TensorTypes& types,
                      RankingRule rule) {
  const ClassReader reader(params, types);
  const auto num_bins = static_cast<std::size_t>(params.thresholds.value_or(0));
  const Kept kept{reader.num_classes(), reader.is_multiclass()};
  // A sigmoid keeps the order, but not every difference: scores stay as they are where they can.
  const bool keeps_scores = !kept.is_multiclass && num_bins == 0 && params.logits;
  Metric out;
  out.empty.counts.resize(2 * num_bins * kept.num_classes);
  out.add = [reader, kept, num_bins, keeps_scores,
             probabilities = Probabilities(reader.task(), params.logits)](
                MetricState& state, const Compared& compared) -> std::optional<MetricProblem> {
    const Probabilities as_they_are(reader.task(), std::nullopt);
    const auto rows = read_rows(reader, keeps_scores ? as_they_are : probabilities, compared);
    if (!rows) return rows.error();
    if (num_bins > 0)
      count_rows(*rows, kept, num_bins, state.counts);
    else
      state.kept.insert(state.kept.end(), rows->begin(), rows->end());
    return std::nullopt;
  };
  out.values = [kept, num_bins, average = params.average,
                rule = std::move(rule)](const MetricState& state) {
    std::vector<Groups> classes;
    for (std::size_t c = 0; c < kept.num_classes; ++c)
      classes.push_back(num_bins > 0 ? groups_of_bins(state.counts, num_bins, c)
                                     : groups_of_rows(state.kept, kept, c));
    return over_classes(classes, average, rule);
  };
  return out;
}

}  // namespace fdl::nn
