// One update: forward and backward of its batches, and what is done with their gradients.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <ATen/core/grad_mode.h>

#include "lib/tensor/errors.h"
#include "lib/train/gradient_sum.h"
#include "lib/train/session.h"

namespace fdl::train {

// The draws of a step are keyed by it: they are the same each time, and each sample has its own,
// in whatever batch of the update it comes.
Result<std::vector<Measured>> Session::forward(Carried& carried, Totals& totals) const {
  const data::Batch& batch = *batch_;
  nn::StepContext context;
  context.training = true;
  context.seed = static_cast<std::uint64_t>(job_.training.seed);
  context.step = state_.step;
  context.first_row = num_samples_;
  std::vector<Measured> out;
  for (std::int64_t t = state_.position; t < end_of_update(); ++t) {
    const auto fields = train_->fields_at(batch, t);
    if (!fields) return fail(fields.error());
    context.micro_batch = t - state_.position;
    auto called = executor_.call(train_->inputs(*fields), carried.values(), context);
    if (!called) return fail(called.error());
    carried.take(std::move(called->states));
    Result<Measured> measured = train_->measure(called->values, *fields, batch, totals);
    if (!measured) return fail(measured.error());
    out.push_back(*std::move(measured));
  }
  return out;
}

Result<optim::Evaluation> Session::evaluate_batch(Carried& carried, Totals& totals) const {
  const auto calls = forward(carried, totals);
  if (!calls) return fail(calls.error());
  const at::Tensor loss = train_->loss_of(*calls);
  const auto value = loss.item<double>();
  if (!std::isfinite(value) && !ignores_not_finite()) return optim::Evaluation{value, {}};
  const exec::NodeTimer::Backward backward(timer_.get());
  const double scale = loss_scale();
  auto gradients = exec::gradients(scale == 1 ? loss : loss.mul(scale), store_.parameters());
  if (!gradients) return fail(gradients.error());
  for (at::Tensor& gradient : *gradients) {
    if (scale != 1 && gradient.defined()) gradient = gradient.div(scale);
  }
  return optim::Evaluation{value, *std::move(gradients)};
}

// Stops at the first batch whose loss or gradients are not finite: it is the one at hand then.
Result<optim::Evaluation> Session::evaluate_batches(data::Loader& loader) {
  const std::int64_t first_row = state_.batch * job_.training.batch_size;
  const std::int64_t num_samples =
      std::min(batches_of_update() * job_.training.batch_size,
               data::samples_per_epoch(train_->num_samples(), train_loader_spec(job_, *train_, 1)) -
                   first_row);
  GradientSum sum(*train_, store_.parameters(), num_samples, loss_scale());
  while (num_batches_ < batches_of_update()) {
    if (num_batches_ > 0) FDL_TRY(next_batch(loader));
    const auto calls = forward(carried_, totals_);
    if (!calls) return fail(calls.error());
    for (const nn::LossValue& loss : calls->front().losses) {
      const auto value = loss.weight > 0 ? loss.mean.item<double>() : 0;
      if (!std::isfinite(value) && !ignores_not_finite()) return optim::Evaluation{value, {}};
    }
    const exec::NodeTimer::Backward backward(timer_.get());
    FDL_TRY(sum.add(calls->front(), batch_->num_samples));
    if (!ignores_not_finite() && !sum.is_finite()) return sum.finish();
    ++num_batches_;
    num_samples_ += batch_->num_samples;
  }
  return sum.finish();
}

// The scale of the loss that only f16 has.
double Session::loss_scale() const {
  return job_.training.precision == job::Precision::F16 ? state_.loss_scale.scale : 1;
}

bool Session::ignores_not_finite() const {
  return job_.training.nan.action == job::NanRule::Action::Ignore &&
         job_.training.precision != job::Precision::F16;
}

std::int64_t Session::batches_of_update() const {
  return std::min(job_.training.accumulate, horizon_.batches_per_epoch - state_.batch);
}

// Evaluates the batches of one update and moves the weights, or leaves it out.
Result<void> Session::update(data::Loader& loader) {
  const Result<bool> is_taken = take_recorded(loader);
  if (!is_taken) return fail(is_taken.error());
  if (*is_taken) return {};
  const Before& before = before_.emplace(before_update());
  const Result<optim::Evaluation> here =
      job_.training.accumulate > 1 ? evaluate_batches(loader) : evaluate_batch(carried_, totals_);
  if (!here) return fail(here.error());
  last_loss_ = here->loss;
  grad_norm_.reset();
  const bool is_finite =
      ignores_not_finite() || (std::isfinite(here->loss) && all_finite(here->gradients));
  if (!is_finite) return meet_not_finite(loader, *here, before);
  if (job_.training.accumulate == 1) {
    num_batches_ = 1;
    num_samples_ = batch_->num_samples;
  }
  if (job_.training.precision == job::Precision::F16) state_.loss_scale.grow();
  if (const std::string spike = find_spike(here->loss); !spike.empty()) {
    using Action = job::SpikeRule::Action;
    if (job_.training.spikes->action == Action::Stop)
      return fail(error(Code::ValueNotFinite, {}, "step {}: {}", state_.step + 1, spike)
                      .help("lower the learning rate, clip gradients, or look at the data"));
    if (job_.training.spikes->action == Action::Skip) return leave_out(loader, before, spike);
    FDL_TRY(report_notice(spike));
  }
  return apply(*here, before);
}

Result<void> Session::apply(const optim::Evaluation& here, const Before& before) {
  if (observes_) observer_->look_at(here.gradients);
  const optim::Rates rates = this->rates();
  const auto clipped = [&](optim::Evaluation evaluation) {
    grad_norm_ = clip_.apply(evaluation.gradients);
    return evaluation;
  };
  const auto again = [&]() -> Result<optim::Evaluation> {
    Carried carried = before.carried;
    Totals unused = train_->empty_totals();
    Result<optim::Evaluation> found = evaluate_batch(carried, unused);
    if (!found) return found;
    return clipped(*std::move(found));
  };
  is_moving_ = true;
  if (clip_.is_empty())
    FDL_TRY(optimizer_->step(here, again, rates));
  else
    FDL_TRY(optimizer_->step(clipped(here), again, rates));
  if (averages_) averages_->follow(state_.step + 1);
  is_moving_ = false;
  lr_ = rates.lr;
  return {};
}

optim::Rates Session::rates() const {
  optim::Rates out = schedule_(state_.step);
  out.lr *= state_.plateau.scale;
  return out;
}

// Why steps on a GPU are not replayed, where they are not and that was not asked for.
Result<void> Session::report_op_by_op() const {
  if (recorded_->why_not().empty() || !job_.training.passes.graph) return {};
  return report_notice("steps are taken op by op: " + recorded_->why_not());
}

Result<bool> Session::take_recorded(data::Loader& loader) {
  if (setup_.device.is_cpu() || observes_ || timer_) return false;
  if (!recorded_) {
    recorded_.emplace(
        RecordedSteps::Parts{graph_, job_, *train_, executor_, store_, *optimizer_, clip_});
    FDL_TRY(report_op_by_op());
  }
  if (!recorded_->why_not().empty()) return false;
  const optim::Rates rates = this->rates();
  is_moving_ = true;
  std::optional<RecordedSteps::Done> done;
  try {
    done = recorded_->take(*batch_, loader, state_.step, rates, loss_scale());
  } catch (const std::exception& thrown) {
    return fail(tensor::torch_failure(thrown, "the step"));
  }
  if (!done) {
    is_moving_ = false;
    FDL_TRY(report_op_by_op());
    return false;
  }
  FDL_TRY(train_->add(done->losses, done->weights, done->outputs, *batch_, totals_));
  last_loss_ = done->loss;
  grad_norm_ = done->grad_norm;
  if (job_.training.precision == job::Precision::F16) state_.loss_scale.grow();
  num_batches_ = 1;
  num_samples_ = batch_->num_samples;
  if (const std::string spike = find_spike(done->loss); !spike.empty())
    FDL_TRY(report_notice(spike));  // where more than that is asked for, nothing is recorded
  if (averages_) averages_->follow(state_.step + 1);
  is_moving_ = false;
  lr_ = rates.lr;
  return true;
}

Session::Before Session::before_update() const {
  Before out{carried_, totals_.losses, {}, {}, tensor::copies(store_.buffers())};
  for (const nn::MetricState& metric : totals_.metrics) {
    out.metrics.push_back({metric.counts, metric.sums, {}});
    out.num_kept.push_back(metric.kept.size());
  }
  return out;
}

// All but the weights, which no update has moved.
void Session::go_back_to(const Before& before) {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < before.buffers.size(); ++i)
    store_.buffers()[i].value.copy_(before.buffers[i].value);
  totals_.losses = before.losses;
  for (std::size_t i = 0; i < before.metrics.size(); ++i) {
    totals_.metrics[i].counts = before.metrics[i].counts;
    totals_.metrics[i].sums = before.metrics[i].sums;
    totals_.metrics[i].kept.resize(before.num_kept[i]);
  }
  carried_.take(before.carried.values());
}

Result<void> Session::meet_not_finite(data::Loader& loader, const optim::Evaluation& here,
                                      const Before& before) {
  const bool overflows = job_.training.precision == job::Precision::F16 && std::isfinite(here.loss);
  if (overflows) state_.loss_scale.shrink();
  if (overflows && !state_.loss_scale.is_exhausted()) return pass_over(loader);
  if (job_.training.nan.action != job::NanRule::Action::Skip) return fail(not_finite(here, before));
  return leave_out(loader, before,
                   std::isfinite(here.loss) ? "a gradient is not finite"
                                            : fmt::format("the loss is {}", here.loss));
}

// The batches of this update that were not looked at are not to come again.
Result<void> Session::pass_over(data::Loader& loader) {
  for (; num_batches_ < batches_of_update(); ++num_batches_) {
    if (num_batches_ > 0) FDL_TRY(next_batch(loader));
  }
  return {};
}

// Leaves this update out, as if its batches had not been there.
Result<void> Session::leave_out(data::Loader& loader, const Before& before,
                                const std::string& why) {
  const std::int64_t most = job_.training.nan.most_skipped;
  if (state_.num_skipped == most) {
    return fail(
        error(Code::TooManySkipped, {}, "step {} is the {}th that would be left out: {}",
              state_.step + 1, most + 1, why)
            .help("lower the learning rate, or look at the data; `nan: {{skip: {{max: {}}}}}` "
                  "allows more",
                  2 * most));
  }
  ++state_.num_skipped;
  go_back_to(before);
  FDL_TRY(report_notice("left out: " + why));
  return pass_over(loader);
}

// What makes this loss a spike, or nothing; enters it among the recent ones.
std::string Session::find_spike(double loss) {
  if (!job_.training.spikes) return {};
  const job::SpikeRule& rule = *job_.training.spikes;
  std::vector<double>& recent = state_.recent_losses;
  std::string out;
  if (static_cast<std::int64_t>(recent.size()) >= rule.window) {
    const auto count = static_cast<double>(recent.size());
    const double mean = std::accumulate(recent.begin(), recent.end(), 0.0) / count;
    double squares = 0;
    for (const double one : recent) squares += (one - mean) * (one - mean);
    const double deviation = std::sqrt(squares / count);
    if (deviation > 0 && loss > mean + rule.z * deviation)
      out = fmt::format("the loss is {:.6g}, {:.1f} deviations above its mean {:.6g}", loss,
                        (loss - mean) / deviation, mean);
  }
  const bool enters = out.empty() || rule.action == job::SpikeRule::Action::Warn;
  if (enters) recent.push_back(loss);
  if (static_cast<std::int64_t>(recent.size()) > rule.window) recent.erase(recent.begin());
  return out;
}

}  // namespace fdl::train
