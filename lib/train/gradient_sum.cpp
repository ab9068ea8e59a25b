#include "lib/train/gradient_sum.h"

#include <algorithm>
#include <atomic>
#include <limits>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/stack.h>

#include "lib/exec/executor.h"
#include "lib/kernels/rows.h"

namespace fdl::train {

GradientSum::GradientSum(const Split& split, const std::vector<tensor::NamedTensor>& parameters,
                         std::int64_t num_samples, double scale)
    : split_(split),
      parameters_(parameters),
      num_samples_(num_samples),
      scale_(scale),
      sums_(split.num_losses()) {
  by_samples_.weight = 1;
}

Result<void> GradientSum::add_to(Sum& sum, const at::Tensor& loss, double weight, bool keeps) {
  const at::Tensor scaled = loss.mul(weight * scale_);
  auto gradients = exec::gradients(scaled, parameters_, keeps);
  if (!gradients) return fail(gradients.error());
  sum.loss += loss.item<double>() * weight;
  sum.gradients.resize(gradients->size());
  for (std::size_t i = 0; i < gradients->size(); ++i) {
    const at::Tensor& part = (*gradients)[i];
    if (!part.defined()) continue;
    // The first one may be a view, or another parameter's gradient too.
    if (sum.gradients[i].defined())
      sum.gradients[i].add_(part);
    else
      sum.gradients[i] = part.clone(at::MemoryFormat::Contiguous);
  }
  return {};
}

Result<void> GradientSum::add(const Measured& measured, std::int64_t num_samples) {
  const double share = static_cast<double>(num_samples) / static_cast<double>(num_samples_);
  at::Tensor known;
  const auto add_known = [&](const at::Tensor& loss, double weight) {
    const at::Tensor part = loss.mul(weight);
    known = known.defined() ? known.add(part) : part;
  };
  std::vector<std::size_t> others;
  for (std::size_t i = 0; i < measured.losses.size(); ++i) {
    const nn::LossValue& loss = measured.losses[i];
    const double weight = split_.loss_weight(i);
    if (loss.is_sum)
      add_known(loss.mean, weight);
    else if (split_.is_by_samples(i))
      add_known(loss.mean, weight * share);
    else {
      sums_[i].is_asked = true;
      if (loss.weight > 0) others.push_back(i);  // a batch without targets has no mean
    }
  }
  for (std::size_t i = 0; i < measured.partials.size(); ++i) {
    if (measured.partials[i].defined())
      add_known(measured.partials[i], split_.partial_weight(i) * share);
  }
  if (known.defined()) FDL_TRY(add_to(by_samples_, known, 1, !others.empty()));
  for (std::size_t k = 0; k < others.size(); ++k) {
    const nn::LossValue& loss = measured.losses[others[k]];
    FDL_TRY(add_to(sums_[others[k]], loss.mean, loss.weight, k + 1 < others.size()));
    sums_[others[k]].weight += loss.weight;
  }
  return {};
}

bool GradientSum::is_finite() const {
  return all_finite(by_samples_.gradients) &&
         std::all_of(sums_.begin(), sums_.end(),
                     [](const Sum& sum) { return all_finite(sum.gradients); });
}

optim::Evaluation GradientSum::finish() {
  const at::NoGradGuard no_grad;
  optim::Evaluation out{by_samples_.loss, std::move(by_samples_.gradients)};
  out.gradients.resize(parameters_.size());
  for (at::Tensor& gradient : out.gradients) {
    if (gradient.defined() && scale_ != 1) gradient.div_(scale_);
  }
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    Sum& sum = sums_[i];
    if (!sum.is_asked) continue;
    // As the mean of one batch without targets.
    if (sum.weight == 0) out.loss = std::numeric_limits<double>::quiet_NaN();
    if (sum.gradients.empty()) continue;
    const double factor = split_.loss_weight(i) / sum.weight;
    out.loss += sum.loss * factor;
    for (std::size_t k = 0; k < sum.gradients.size(); ++k) {
      if (!sum.gradients[k].defined()) continue;
      sum.gradients[k].mul_(factor / scale_);
      if (out.gradients[k].defined())
        out.gradients[k].add_(sum.gradients[k]);
      else
        out.gradients[k] = std::move(sum.gradients[k]);
    }
  }
  return out;
}

namespace {

// A pass over the numbers costs less than the dispatch of an operator, for most tensors. Those that
// one thread's caches hold are not worth a second one.
bool is_finite_plain(const at::Tensor& t) {
  constexpr std::int64_t kGrain = 1 << 15;
  const auto* first = t.const_data_ptr<float>();
  std::atomic<bool> out = true;
  at::parallel_for(0, t.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    if (!kernels::row_functions().is_finite(first + begin, end - begin)) out = false;
  });
  return out;
}

}  // namespace

bool all_finite(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> on_gpu;  // one wait for all
  for (const at::Tensor& t : tensors) {
    if (t.defined() && !t.device().is_cpu() && t.numel() > 0) on_gpu.push_back(t);
  }
  if (!on_gpu.empty()) {
    constexpr double kLargest = std::numeric_limits<double>::infinity();
    return at::isfinite(at::stack(at::_foreach_norm(on_gpu, kLargest))).all().item<bool>();
  }
  return std::all_of(tensors.begin(), tensors.end(), [](const at::Tensor& t) {
    if (!t.defined()) return true;
    const bool is_plain = t.scalar_type() == at::kFloat && t.is_contiguous() && t.device().is_cpu();
    return is_plain ? is_finite_plain(t) : at::isfinite(t).all().item<bool>();
  });
}

}  // namespace fdl::train
