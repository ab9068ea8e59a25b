#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <tl/expected.hpp>

#include "lib/catalog/class_metric.h"
#include "lib/nn/metric.h"

// What metrics over classes see of a batch.
// Axis letters: N targets that may count, C classes or labels, 1 of a binary form.
namespace fdl::nn {

struct ClassBatch {
  at::Tensor scores_NC;  // as the model gives them: f32 or f64, contiguous, on the CPU
  // Multiclass: [N], the class; else [N, C], 0 or 1. -1 where it does not count.
  std::vector<std::int64_t> truth;
  std::int64_t rows_per_sample = 1;

  std::int64_t num_rows() const { return scores_NC.size(0); }
  std::int64_t num_columns() const { return scores_NC.size(1); }
};

// Brings tensors of the types that it was made for into that form.
class ClassReader {
 public:
  ClassReader(const catalog::ClassParams& params, const catalog::TensorTypes& types);

  catalog::ClassTask task() const { return form_.task; }
  bool is_multiclass() const { return form_.task == catalog::ClassTask::Multiclass; }
  std::size_t num_classes() const { return static_cast<std::size_t>(form_.num_classes); }

  // Problems: a target that is no class (or not 0 or 1), a score that counts and is not a number.
  tl::expected<ClassBatch, MetricProblem> read(const Compared& compared) const;

 private:
  tl::expected<std::vector<std::int64_t>, MetricProblem> read_targets(
      const Compared& compared) const;
  std::string target_problem(double value, std::int64_t num_classes) const;  // "" where it may be

  catalog::ClassForm form_;
  std::int64_t ignore_index_;
};

// A probability for each score of a row, in double: its softmax, or a sigmoid each; the scores
// where they are probabilities (`logits` false), or where neither matters (no `logits`).
class Probabilities {
 public:
  Probabilities(catalog::ClassTask task, std::optional<bool> logits)
      : task_(task), logits_(logits) {}

  // False where one is not from 0 to 1 (beyond rounding), or not a number.

  template <typename T>
  bool read(std::span<const T> scores, std::vector<double>& out) const {
    out.assign(scores.begin(), scores.end());
    return finish(out);
  }

 private:
  bool finish(std::vector<double>& row) const;

  catalog::ClassTask task_;
  std::optional<bool> logits_;
};

// Of the largest; the first of equal ones. Nothing is not a number (ClassReader).
template <typename T>
std::size_t largest(std::span<const T> row) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < row.size(); ++i) {
    if (row[i] > row[best]) best = i;
  }
  return best;
}

// Calls visit(row number, std::span<const T> scores) for each row, T being float or double.
template <typename F>
void for_each_row(const ClassBatch& batch, F&& visit) {
  const auto num_columns = static_cast<std::size_t>(batch.num_columns());
  const auto walk = [&](const auto* scores) {
    for (std::int64_t i = 0; i < batch.num_rows(); ++i, scores += num_columns)
      visit(i, std::span(scores, num_columns));
  };
  if (batch.scores_NC.scalar_type() == at::kFloat)
    walk(batch.scores_NC.const_data_ptr<float>());
  else
    walk(batch.scores_NC.const_data_ptr<double>());
}

// The same with the probabilities of rows of which something counts:
// visit(row number, const std::vector<double>& probabilities). Gives the first problem; call it on
// a copy of the state, or keep nothing before it is known that there is none.
template <typename F>
std::optional<MetricProblem> for_each_probability(const ClassBatch& batch,
                                                  const Probabilities& probabilities, F&& visit) {
  std::optional<MetricProblem> problem;
  std::vector<double> row;
  const std::size_t width =
      batch.truth.size() / static_cast<std::size_t>(std::max<std::int64_t>(batch.num_rows(), 1));
  for_each_row(batch, [&](std::int64_t i, auto scores) {
    if (problem) return;
    const auto* truth = batch.truth.data() + static_cast<std::size_t>(i) * width;
    if (std::all_of(truth, truth + width, [](std::int64_t t) { return t < 0; })) return;
    if (probabilities.read(scores, row))
      visit(i, row);
    else
      problem = MetricProblem{i / batch.rows_per_sample,
                              "the output is no probability: it must be from 0 to 1, or `logits` "
                              "true",
                              true};
  });
  return problem;
}

// A mask as bool in the target's shape, on the CPU; undefined without one.
at::Tensor mask_like(const at::Tensor& target, const Compared& compared);

}  // namespace fdl::nn
