#include "lib/catalog/metrics/accuracy.h"

#include <cmath>

#include <ATen/ops/argmax.h>
#include <ATen/ops/eq.h>

#include "lib/base/check.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

// The first of the largest; something that is not a number counts as larger than all numbers, as
// in at::argmax.
std::int64_t largest(const float* row, std::int64_t count) {
  std::int64_t best = 0;
  for (std::int64_t i = 1; i < count && !std::isnan(row[best]); ++i) {
    if (!(row[i] <= row[best])) best = i;
  }
  return best;
}

// The usual case in one pass: one operator's dispatch costs more than a small batch.
std::int64_t count_right_rows(const at::Tensor& scores, const at::Tensor& truth) {
  const std::int64_t num_classes = scores.size(-1), num_rows = truth.numel();
  const auto* row = scores.const_data_ptr<float>();
  const auto* wanted = truth.const_data_ptr<std::int64_t>();
  std::int64_t num_right = 0;
  for (std::int64_t i = 0; i < num_rows; ++i, row += num_classes)
    num_right += largest(row, num_classes) == wanted[i] ? 1 : 0;
  return num_right;
}

}  // namespace

Metric metric_accuracy(const catalog::Choice& choice, const catalog::TensorType& output,
                       const catalog::TensorType& target) {
  const auto p = choice.as<catalog::AccuracyParams>();
  const auto found = catalog::find_class_axis(output.shape, target.shape, p.class_dim);
  FDL_CHECK(found.axis.has_value());
  const auto axis = static_cast<std::int64_t>(*found.axis);
  return [axis](const at::Tensor& scores, const at::Tensor& classes) {
    const at::Tensor truth = classes.to(at::kLong);
    const bool plain = scores.device().is_cpu() && scores.scalar_type() == at::kFloat &&
                       axis + 1 == scores.dim() && scores.is_contiguous() && truth.is_contiguous();
    const std::int64_t num_right =
        plain ? count_right_rows(scores, truth)
              : at::argmax(scores.detach(), axis).eq(truth).sum().item<std::int64_t>();
    return MetricValue{static_cast<double>(num_right), truth.numel()};
  };
}

}  // namespace fdl::nn
