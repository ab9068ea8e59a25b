#include "lib/nn/class_values.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "lib/base/check.h"

namespace fdl::nn {
namespace {

using catalog::ClassTask;

constexpr std::int64_t kNotCounted = -1;

at::Tensor rows_of(const at::Tensor& values, std::optional<std::size_t> axis) {
  const auto dtype = values.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor plain = values.detach().to(at::kCPU, dtype);
  if (!axis) return plain.reshape({-1, 1}).contiguous();
  const auto from = static_cast<std::int64_t>(*axis);
  const at::Tensor moved = from + 1 == plain.dim() ? plain : plain.movedim(from, -1);
  return moved.reshape({-1, plain.size(from)}).contiguous();
}

// Which rows of a multiclass form, or numbers of another, are not numbers.
std::optional<std::int64_t> first_nan(const ClassBatch& batch, bool by_row) {
  std::optional<std::int64_t> out;
  const std::int64_t width = by_row ? 1 : batch.num_columns();
  for_each_row(batch, [&](std::int64_t i, auto scores) {
    for (std::size_t k = 0; k < scores.size() && !out; ++k) {
      const auto at = static_cast<std::size_t>(i * width) + (by_row ? 0 : k);
      if (std::isnan(scores[k]) && batch.truth[at] != kNotCounted) out = i;
    }
  });
  return out;
}

}  // namespace

at::Tensor mask_like(const at::Tensor& target, const Compared& compared) {
  if (compared.size() < 3 || !compared[2].defined()) return {};
  at::Tensor counts = compared[2].detach().to(at::kCPU).ne(0);
  if (counts.dim() == 1 && target.dim() > 1) {
    std::vector<std::int64_t> sizes(static_cast<std::size_t>(target.dim()), 1);
    sizes.front() = counts.size(0);
    counts = counts.view(sizes);
  }
  return counts.expand(target.sizes()).contiguous();
}

ClassReader::ClassReader(const catalog::ClassParams& params, const catalog::TensorTypes& types)
    : form_(catalog::find_class_form(types[0], types[1], params.class_dim)),
      ignore_index_(params.ignore_index) {
  FDL_CHECK(form_.why_not.empty());
}

tl::expected<ClassBatch, MetricProblem> ClassReader::read(const Compared& compared) const {
  auto truth = read_targets(compared);
  if (!truth) return tl::unexpected(std::move(truth.error()));
  ClassBatch out;
  out.truth = std::move(*truth);
  out.scores_NC = rows_of(compared[0], form_.axis);
  out.rows_per_sample =
      std::max<std::int64_t>(1, out.num_rows() / std::max<std::int64_t>(1, compared[0].size(0)));
  if (const auto row = first_nan(out, is_multiclass()))
    return tl::unexpected(
        MetricProblem{*row / out.rows_per_sample, "the output is not a number", true});
  return out;
}

tl::expected<std::vector<std::int64_t>, MetricProblem> ClassReader::read_targets(
    const Compared& compared) const {
  at::Tensor target = compared[1].detach().to(at::kCPU);
  at::Tensor counts = mask_like(target, compared);
  if (form_.task == ClassTask::Multilabel) {
    const auto axis = static_cast<std::int64_t>(*form_.axis);
    target = target.movedim(axis, -1);
    if (counts.defined()) counts = counts.movedim(axis, -1).contiguous();
  }
  const at::Tensor values = target.to(at::kDouble).contiguous();  // a fraction is no class
  const auto* from = values.const_data_ptr<double>();
  const bool* counted = counts.defined() ? counts.const_data_ptr<bool>() : nullptr;
  const std::int64_t num_targets = values.numel();
  const std::int64_t num_classes =
      is_multiclass() ? compared[0].size(static_cast<std::int64_t>(*form_.axis)) : 2;
  std::vector<std::int64_t> out(static_cast<std::size_t>(num_targets), kNotCounted);
  for (std::int64_t i = 0; i < num_targets; ++i) {
    if (counted != nullptr && !counted[i]) continue;
    if (from[i] == static_cast<double>(ignore_index_)) continue;
    if (std::string problem = target_problem(from[i], num_classes); !problem.empty()) {
      const std::int64_t per_sample = num_targets / std::max<std::int64_t>(1, target.size(0));
      return tl::unexpected(MetricProblem{i / per_sample, std::move(problem), false});
    }
    out[static_cast<std::size_t>(i)] = static_cast<std::int64_t>(from[i]);
  }
  return out;
}

std::string ClassReader::target_problem(double value, std::int64_t num_classes) const {
  if (value >= 0 && value < static_cast<double>(num_classes) && value == std::floor(value))
    return "";
  if (!is_multiclass()) return fmt::format("the target is {}, where 0 or 1 is expected", value);
  return fmt::format("the target is {}, where there are {} classes, from 0", value, num_classes);
}

bool Probabilities::finish(std::vector<double>& row) const {
  constexpr double kRounding = 1e-3;  // of a softmax in bf16
  if (!logits_) return true;
  if (!*logits_) {
    for (double& p : row) {
      if (!(p >= -kRounding && p <= 1 + kRounding)) return false;
      p = std::clamp(p, 0.0, 1.0);
    }
    return true;
  }
  if (task_ != ClassTask::Multiclass) {
    for (double& x : row) x = x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
    return true;
  }
  const double most = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (double& x : row) sum += x = std::exp(x - most);
  for (double& x : row) x /= sum;
  return std::isfinite(sum);
}

}  // namespace fdl::nn
