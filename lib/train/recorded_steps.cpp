#include "lib/train/recorded_steps.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include "lib/base/check.h"

namespace fdl::train {
namespace {

// Op by op before a shape is recorded: libtorch chooses kernels and takes workspaces in these.
constexpr std::int64_t kWarmUp = 2;
// An epoch has one shape and that of a smaller last batch; texts have many. Each recording holds
// the memory of a whole step.
constexpr std::int64_t kMostRecordings = 2;
constexpr std::int64_t kAlignment = 256;  // bytes, as CUDA's own allocations have

at::TensorOptions pinned(at::ScalarType dtype) {
  return at::TensorOptions(dtype).pinned_memory(true);
}

bool is_at(const data::Position& a, const data::Position& b) {
  return a.epoch == b.epoch && a.batch == b.batch;
}

std::vector<std::vector<std::int64_t>> sizes_of(const data::Batch& batch) {
  std::vector<std::vector<std::int64_t>> out;
  for (const at::Tensor& field : batch.fields) out.push_back(field.sizes().vec());
  return out;
}

// What keeps all steps of a job from being recorded, in words; "" where nothing is known to.
std::string obstacle(const graph::Graph& graph, const job::Training& training) {
  using Action = job::SpikeRule::Action;
  if (!training.passes.graph) return training.passes_off_by;
  if (training.accumulate > 1) return "`accumulate` adds up batches";
  if (!graph.states.empty()) return "the model has `state:`";
  if (training.teacher) return "the job has a teacher";
  if (training.spikes && training.spikes->action != Action::Warn)
    return "`spikes` may leave an update out";
  return "";
}

}  // namespace

RecordedSteps::RecordedSteps(const Parts& parts)
    : parts_(parts), gpu_(cuda::backend()), why_not_(obstacle(parts.graph, parts.job.training)) {
  if (!why_not_.empty()) return;
  const at::TensorOptions there = at::TensorOptions(parts.store.device());
  for (at::Tensor* scalar : {&scalars_.lr_here, &scalars_.scale_here})
    *scalar = at::zeros({}, pinned(at::kFloat));
  scalars_.step_here = at::zeros({}, pinned(at::kLong));
  for (at::Tensor* scalar : {&scalars_.lr, &scalars_.scale, &scalars_.skips, &scalars_.counts})
    *scalar = at::zeros({}, there.dtype(at::kFloat));
  scalars_.step = at::zeros({}, there.dtype(at::kLong));
  const auto num_losses = static_cast<std::int64_t>(parts.train.num_losses());
  numbers_ = at::zeros({2 * num_losses + 3}, pinned(at::kDouble));
  for (const tensor::NamedTensor& buffer : parts.store.buffers()) buffers_.push_back(buffer.value);
  for (const tensor::NamedTensor& copy : tensor::copies(parts.store.buffers()))
    former_buffers_.push_back(copy.value);
}

void RecordedSteps::make_memory(Shape& shape, const data::Batch& batch) const {
  const at::TensorOptions bytes = at::TensorOptions(parts_.store.device()).dtype(at::kByte);
  std::int64_t size = 0;
  std::vector<std::int64_t> places;
  for (const at::Tensor& field : batch.fields) {
    places.push_back(size);
    const auto own = static_cast<std::int64_t>(field.nbytes());
    size += (own + kAlignment - 1) / kAlignment * kAlignment;
  }
  const auto fields_in = [&](const at::Tensor& memory) {
    std::vector<at::Tensor> out;
    for (std::size_t i = 0; i < places.size(); ++i) {
      const at::Tensor& field = batch.fields[i];
      const auto own = static_cast<std::int64_t>(field.nbytes());
      out.push_back(memory.narrow(0, places[i], own).view(field.scalar_type()).view(field.sizes()));
    }
    return out;
  };
  shape.memory = at::empty({size}, bytes);
  shape.coming = at::empty({size}, bytes);
  shape.fields = fields_in(shape.memory);
  shape.coming_fields = fields_in(shape.coming);
}

// Where its last step has brought it already, it only moves within the GPU.
void RecordedSteps::bring(Shape& shape, const data::Batch& batch) {
  const bool is_there = shape.comes && is_at(*shape.comes, batch.position);
  shape.comes.reset();
  if (is_there) {
    gpu_.join();
    shape.memory.copy_(shape.coming);
    return;
  }
  for (std::size_t i = 0; i < batch.fields.size(); ++i)
    shape.fields[i].copy_(batch.fields[i], /*non_blocking=*/true);
}

void RecordedSteps::bring_ahead(const data::Batch& batch) {
  const auto found = shapes_.find(sizes_of(batch));
  if (found == shapes_.end() || !found->second.recording) return;
  Shape& shape = found->second;
  gpu_.begin_aside();
  for (std::size_t i = 0; i < batch.fields.size(); ++i)
    shape.coming_fields[i].copy_(batch.fields[i], /*non_blocking=*/true);
  gpu_.end_aside();
  shape.comes = batch.position;
}

void RecordedSteps::look_for_skips(const at::Tensor& loss,
                                   std::vector<at::Tensor>& gradients) const {
  if (parts_.job.training.nan.action == job::NanRule::Action::Ignore && !scales_loss()) return;
  std::vector<at::Tensor> looked_at = {loss.detach()};
  for (at::Tensor& gradient : gradients) {
    if (!gradient.defined()) continue;
    gradient = gradient.contiguous();
    looked_at.push_back(gradient);
  }
  gpu_.find_not_finite(looked_at, scalars_);
}

bool RecordedSteps::scales_loss() const {
  return parts_.job.training.precision == job::Precision::F16;
}

// Scales are powers of two: to multiply has the bits of a division.
void RecordedSteps::scale_back(std::vector<at::Tensor>& gradients) const {
  const at::Tensor factor = scalars_.scale.reciprocal();
  for (at::Tensor& gradient : gradients) {
    if (gradient.defined()) gradient = gradient.mul(factor);
  }
}

// All of a step, in the order of Session::update.
void RecordedSteps::give_step(Shape& shape) {
  gpu_.start_step(scalars_);
  gpu_.copy(buffers_, former_buffers_);
  const auto called =
      parts_.executor.call(parts_.train.inputs(shape.fields), /*states=*/{}, context_);
  TORCH_CHECK(called.has_value(), called ? "" : called.error().message);
  const Measured measured = parts_.train.losses_of(called->values, shape.fields);
  const at::Tensor loss = parts_.train.loss_of({measured});
  auto gradients =
      exec::gradients(scales_loss() ? loss.mul(scalars_.scale) : loss, parts_.store.parameters());
  TORCH_CHECK(gradients.has_value(), gradients ? "" : gradients.error().message);
  const at::NoGradGuard no_grad;
  if (scales_loss()) scale_back(*gradients);
  look_for_skips(loss, *gradients);
  const at::Tensor norm = parts_.clip.apply_on_gpu(*gradients);
  TORCH_CHECK(parts_.optimizer.record(*gradients, {scalars_.lr, scalars_.skips, scalars_.counts}),
              "the optimizer '", parts_.job.training.optimizer.name(), "' has no recorded update");
  std::vector<at::Tensor> told = {loss.detach(), scalars_.skips};
  shape.has_norm = norm.defined();
  if (shape.has_norm) told.push_back(norm);
  shape.weights.clear();
  for (const nn::LossValue& one : measured.losses) {
    told.push_back(one.mean.detach());
    const bool is_known = !one.weight.counted().defined();
    shape.weights.push_back(is_known ? std::optional<double>(one.weight) : std::nullopt);
    if (!is_known) told.push_back(one.weight.counted());
  }
  shape.outputs.resize(called->values.size());
  for (const std::size_t i : parts_.train.metrics_read()) {
    const at::Tensor made = called->values[i].detach();
    shape.outputs[i] = at::empty(made.sizes(), pinned(made.scalar_type()));
    shape.outputs[i].copy_(made, /*non_blocking=*/true);
  }
  gpu_.write_numbers(told, numbers_);
}

// Leaves the shape without a recording, and why_not_ with a reason, where it cannot be done.
void RecordedSteps::record(Shape& shape, const data::Batch& batch, std::int64_t step) {
  make_memory(shape, batch);
  bring(shape, batch);
  gpu_.wait();
  context_ = {};
  context_.training = true;
  context_.seed = static_cast<std::uint64_t>(parts_.job.training.seed);
  context_.step = step;
  context_.step_on_device = scalars_.step.const_data_ptr<std::int64_t>();
  auto recording = gpu_.make_recording();
  try {
    recording->begin();
    give_step(shape);
    recording->end();
    shape.recording = std::move(recording);
    ++num_recordings_;
  } catch (const std::exception& thrown) {
    recording->abandon();
    const std::string words = thrown.what();
    why_not_ = words.substr(0, words.find('\n'));
  }
}

std::optional<RecordedSteps::Done> RecordedSteps::finish(const Shape& shape) {
  const auto* told = numbers_.const_data_ptr<double>();
  Done out;
  out.loss = *told++;
  if (*told++ != 0) {
    gpu_.copy(former_buffers_, buffers_);
    return std::nullopt;
  }
  if (shape.has_norm) out.grad_norm = *told++;
  for (const std::optional<double>& known : shape.weights) {
    out.losses.push_back(*told++);
    out.weights.push_back(known ? *known : *told++);
  }
  out.outputs = shape.outputs;
  parts_.optimizer.count_recorded();
  return out;
}

std::optional<RecordedSteps::Done> RecordedSteps::take(const data::Batch& batch,
                                                       data::Loader& loader, std::int64_t step,
                                                       const optim::Rates& rates,
                                                       double loss_scale) {
  if (rates.momentum) why_not_ = "the schedule moves the momentum";
  if (!why_not_.empty()) return std::nullopt;
  Shape& shape = shapes_[sizes_of(batch)];
  const bool may_record = ++shape.num_seen > kWarmUp && num_recordings_ < kMostRecordings;
  if (!shape.recording && !may_record) return std::nullopt;
  *scalars_.lr_here.mutable_data_ptr<float>() = static_cast<float>(rates.lr);
  *scalars_.scale_here.mutable_data_ptr<float>() = static_cast<float>(loss_scale);
  *scalars_.step_here.mutable_data_ptr<std::int64_t>() = step;
  if (shape.recording)
    bring(shape, batch);
  else
    record(shape, batch, step);
  if (!shape.recording) {
    shapes_.clear();
    return std::nullopt;
  }
  gpu_.mark();
  shape.recording->replay();
  if (const data::Batch* next = loader.ahead()) bring_ahead(*next);
  gpu_.wait();
  return finish(shape);
}

}  // namespace fdl::train
