#include "lib/catalog/metrics/confusion_matrix.h"

#include "lib/nn/class_counts.h"
#include "lib/nn/class_values.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {

namespace {

using Table = std::vector<std::vector<double>>;

void divide_rows(Table& table) {
  for (std::vector<double>& row : table) {
    double sum = 0;
    for (const double value : row) sum += value;
    for (double& value : row) value = share(value, sum);
  }
}

Table transposed(const Table& table) {
  Table out(table.size(), std::vector<double>(table.size()));
  for (std::size_t i = 0; i < table.size(); ++i) {
    for (std::size_t j = 0; j < table.size(); ++j) out[j][i] = table[i][j];
  }
  return out;
}

Table normalised(Table table, const std::string& by) {
  if (by == "target") divide_rows(table);
  if (by == "answer") {
    table = transposed(table);
    divide_rows(table);
    table = transposed(table);
  }
  if (by != "all") return table;
  double sum = 0;
  for (const auto& row : table) {
    for (const double value : row) sum += value;
  }
  for (auto& row : table) {
    for (double& value : row) value = share(value, sum);
  }
  return table;
}

}  // namespace

Metric metric_confusion_matrix(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto p = choice.as<catalog::ConfusionMatrixParams>();
  const ClassReader reader(p, types);
  const std::size_t size = reader.is_multiclass() ? reader.num_classes() : 2;
  Metric out;
  out.empty.counts.resize(size * size);
  out.add = [reader, size, decide = Decision(p)](
                MetricState& state, const Compared& compared) -> std::optional<MetricProblem> {
    const auto batch = reader.read(compared);
    if (!batch) return batch.error();
    for_each_row(*batch, [&](std::int64_t i, auto scores) {
      const std::int64_t truth = batch->truth[static_cast<std::size_t>(i)];
      if (truth < 0) return;
      const std::size_t answer = reader.is_multiclass() ? largest(scores) : decide(scores[0]);
      ++state.counts[static_cast<std::size_t>(truth) * size + answer];
    });
    return std::nullopt;
  };
  out.values = [](const MetricState&) { return std::vector<double>(); };
  out.table = [size, by = p.normalize](const MetricState& state) {
    Table table;
    for (std::size_t i = 0; i < size; ++i) {
      const auto row = state.counts.begin() + static_cast<std::ptrdiff_t>(i * size);
      table.emplace_back(row, row + static_cast<std::ptrdiff_t>(size));
    }
    return normalised(std::move(table), by);
  };
  return out;
}

}  // namespace fdl::nn
