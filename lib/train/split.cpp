#include "lib/train/split.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include <ATen/core/grad_mode.h>

#include "lib/base/check.h"
#include "lib/data/cache.h"
#include "lib/tensor/dtype.h"
#include "lib/tensor/on_device.h"
#include "lib/train/carried.h"

namespace fdl::train {

std::vector<graph::ValueId> compared_values(const job::Training& training,
                                            const graph::Graph& graph) {
  std::vector<graph::ValueId> out;
  const auto take = [&](const std::vector<job::Compared>& list) {
    for (const job::Compared& compared : list) {
      if (compared.is_value()) out.push_back(compared.value);
    }
  };
  for (const job::Loss& loss : training.losses) take(loss.compared);
  for (const job::Metric& metric : training.metrics) take(metric.compared);
  for (const graph::PartialLoss& partial : graph.partial_losses) out.push_back(partial.value);
  return out;
}

Totals Split::empty_totals() const {
  Totals out;
  out.losses.resize(losses_.size());
  for (const nn::Metric& metric : metrics_) out.metrics.push_back(metric.empty);
  return out;
}

void Split::add_measures(const Totals& totals, const std::string& name, monitor::Measures& out,
                         Which which) const {
  const job::Training& training = job_->training;
  double loss = 0;
  for (std::size_t i = 0; i < totals.losses.size(); ++i)
    loss += training.losses[i].weight * totals.losses[i].mean();
  out.numbers[name + "/loss"] = loss;
  for (std::size_t i = 0; i < totals.metrics.size(); ++i) {
    const job::Metric& metric = training.metrics[i];
    if (metric.what.spec->is_costly && which == Which::Cheap) continue;
    const std::vector<double> values = metrics_[i].values(totals.metrics[i]);
    for (std::size_t k = 0; k < values.size(); ++k)
      out.numbers[name + "/" + metric.recorded[k]] = values[k];
    if (metrics_[i].table)
      out.tables[name + "/" + metric.name] = {metric.table_labels,
                                              metrics_[i].table(totals.metrics[i])};
  }
  job::add_expressions(training.expressions, name, out.numbers);
}

Result<Split> Split::load(const job::DataSplit& split, const job::Job& job,
                          const graph::Graph& graph, bool is_training) {
  Result<data::Dataset> dataset = data::load_split(split, job, graph);
  if (!dataset) return fail(dataset.error());
  Split out(split.name, job);
  out.is_training_ = is_training;
  out.limit_ = split.limit;
  out.transforms_ = data::field_transforms(job, *dataset, is_training);
  FDL_TRY(data::add_cache(split, job, *dataset, out.transforms_));
  out.dataset_ = std::make_unique<const data::Dataset>(std::move(*dataset));
  if (is_training && !job.mixing.choices.empty())
    out.mixer_ = std::make_shared<const data::BatchMixer>(job.mixing, *out.dataset_);
  out.bind(graph);
  return out;
}

std::size_t Split::field_index(const std::string& field) const {
  std::size_t out = 0;
  while (out < dataset_->fields.size() && dataset_->fields[out].name != field) ++out;
  FDL_CHECK(out < dataset_->fields.size());  // the check of the job has found it
  return out;
}

namespace {

// A field's type after its transforms: named axes stay.
catalog::TensorType transformed_type(catalog::TensorType type,
                                     const data::FieldTransform& transform) {
  type.dtype = tensor::dtype_of(transform.output_dtype());
  for (std::size_t i = 0; i < type.shape.size(); ++i) {
    if (type.shape[i].is_number()) type.shape[i] = transform.output_sizes()[i];
  }
  return type;
}

}  // namespace

catalog::TensorType Split::batch_type(std::size_t field) const {
  catalog::TensorType out = dataset_->fields[field].type;
  if (field < transforms_.size())  // masks have none
    out = transformed_type(out, transforms_[field]);
  if (num_positions_ > 0) out.shape.erase(out.shape.begin());
  out.shape.insert(out.shape.begin(), catalog::Dim::named("B"));
  return out;
}

catalog::TensorTypes Split::bind_sources(const std::vector<job::Compared>& compared,
                                         const graph::Graph& graph, bool takes_shares,
                                         std::size_t& num_values) {
  catalog::TensorTypes types;
  std::vector<Source>& sources = sources_.emplace_back();
  for (const job::Compared& one : compared) {
    if (one.is_value()) {
      sources.push_back({Source::Kind::Output, num_values++});
      types.push_back(job::with_sizes(graph.values[static_cast<std::size_t>(one.value)].type,
                                      job_->axis_sizes));
    } else if (one.is_field()) {
      const std::size_t field = field_index(one.field);
      const auto shares =
          mixer_ && takes_shares ? mixer_->shares_of(field) : std::optional<std::size_t>();
      sources.push_back({Source::Kind::Field, shares.value_or(field)});
      types.push_back(batch_type(field));
      if (shares)
        types.back() = {catalog::DType::F32,
                        {catalog::Dim::named("B"), dataset_->fields[field].num_classes}};
    } else if (one.is_tensor()) {
      sources.push_back({Source::Kind::Tensor, static_cast<std::size_t>(one.tensor)});
      const graph::OwnedTensor& tensor = graph.tensors[sources.back().index];
      types.push_back({tensor.dtype, {tensor.shape.begin(), tensor.shape.end()}});
    } else if (one.is_taught()) {
      sources.push_back({Source::Kind::Taught, static_cast<std::size_t>(one.taught)});
      types.push_back(job_->training.teacher->types[sources.back().index]);
    } else {
      sources.push_back({});
      types.push_back(catalog::TensorType::absent());
    }
  }
  return types;
}

void Split::bind(const graph::Graph& graph) {
  for (const graph::NamedValue& input : graph.inputs) inputs_.push_back(field_index(input.name));
  if (!graph.states.empty())
    num_positions_ = dataset_->fields[inputs_.front()].type.shape.front().number();
  std::size_t num_values = 0;
  for (const job::Loss& loss : job_->training.losses)
    losses_.push_back(nn::bind_loss(loss.what, bind_sources(loss.compared, graph, true, num_values),
                                    job_->training.passes.loss));
  for (const job::Metric& metric : job_->training.metrics) {
    const catalog::TensorTypes types = bind_sources(metric.compared, graph, false, num_values);
    metrics_.push_back(nn::bind_metric(metric.what, types));
  }
  first_partial_ = num_values;
  for (const graph::PartialLoss& partial : graph.partial_losses)
    partial_weights_.push_back(partial.weight);
}

std::vector<at::Tensor> Split::gather(std::size_t item, const std::vector<at::Tensor>& outputs,
                                      const std::vector<at::Tensor>& fields) const {
  std::vector<at::Tensor> out;
  for (const Source& source : sources_[item]) {
    switch (source.kind) {
      case Source::Kind::Output:
        out.push_back(outputs[source.index]);
        break;
      case Source::Kind::Field:
        out.push_back(fields[source.index]);
        break;
      case Source::Kind::Tensor:
        FDL_CHECK(tensors_ != nullptr);
        out.push_back((*tensors_)[source.index].value);
        break;
      case Source::Kind::Taught:  // the last of the fields
        FDL_CHECK(teacher_ != nullptr);
        out.push_back(fields[fields.size() - teacher_->num_outputs() + source.index]);
        break;
      case Source::Kind::Absent:
        out.emplace_back();
        break;
    }
  }
  return out;
}

data::Loader Split::loader(const data::LoaderSpec& spec, data::Position start) const {
  return data::Loader(*dataset_, transforms_, spec, start, mixer_);
}

void Split::use_teacher(const TeacherModel* teacher) {
  teacher_ = teacher;
  teacher_inputs_.clear();
  if (teacher == nullptr) return;
  for (const graph::NamedValue& input : teacher->graph().inputs)
    teacher_inputs_.push_back(field_index(input.name));
}

Result<std::vector<at::Tensor>> Split::fields_at(const data::Batch& batch,
                                                 std::int64_t position) const {
  std::vector<at::Tensor> out;
  for (const at::Tensor& field : batch.fields) {
    const at::Tensor seen = num_positions_ == 0 ? field : field.select(1, position).contiguous();
    out.push_back(tensor::on_device(seen, device_));
  }
  if (teacher_ == nullptr) return out;
  std::vector<at::Tensor> inputs;
  for (const std::size_t field : teacher_inputs_) inputs.push_back(out[field]);
  auto taught = teacher_->outputs(inputs);
  if (!taught) return fail(taught.error());
  out.insert(out.end(), taught->begin(), taught->end());
  return out;
}

std::vector<at::Tensor> Split::inputs(const std::vector<at::Tensor>& fields) const {
  std::vector<at::Tensor> out;
  for (const std::size_t field : inputs_) out.push_back(fields[field]);
  return out;
}

std::optional<Split::Problem> Split::add_metrics(const std::vector<at::Tensor>& outputs,
                                                 const std::vector<at::Tensor>& fields,
                                                 const data::Batch& batch, Totals& totals) const {
  std::optional<Problem> out;
  for (std::size_t i = 0; i < metrics_.size(); ++i) {
    std::vector<at::Tensor> compared = gather(losses_.size() + i, outputs, fields);
    compared[0] = compared[0].detach();
    const auto problem = metrics_[i].add(totals.metrics[i], compared);
    if (!problem || (out && !out->is_about_output)) continue;
    const job::Metric& metric = job_->training.metrics[i];
    Diagnostic d = error(
        Code::MeasureFailed, metric.what.span, "'{}' cannot measure sample {} of '{}'{}: {}",
        metric.name, batch.first_row + problem->sample, name_,
        is_training_ ? fmt::format(", in the order of epoch {}", batch.position.epoch + 1) : "",
        problem->text);
    out = Problem{problem->is_about_output
                      ? std::move(d).help("look at what the model gives there, and at its inputs")
                      : std::move(d).help("mend the data; `ignore_index` and `mask` leave targets "
                                          "out"),
                  problem->is_about_output};
  }
  return out;
}

Measured Split::losses_of(const std::vector<at::Tensor>& outputs,
                          const std::vector<at::Tensor>& fields) const {
  Measured out;
  for (std::size_t i = 0; i < losses_.size(); ++i)
    out.losses.push_back(losses_[i](gather(i, outputs, fields)));
  for (std::size_t i = 0; i < partial_weights_.size(); ++i)
    out.partials.push_back(outputs[first_partial_ + i]);
  return out;
}

Result<Measured> Split::measure(const std::vector<at::Tensor>& outputs,
                                const std::vector<at::Tensor>& fields, const data::Batch& batch,
                                Totals& totals) const {
  // Before the losses: libtorch's word on a target that is no class names neither it nor its place.
  const std::optional<Problem> problem = add_metrics(outputs, fields, batch, totals);
  if (problem && !problem->is_about_output) return fail(problem->diagnostic);
  Measured out = losses_of(outputs, fields);
  bool is_finite = true;
  for (std::size_t i = 0; i < losses_.size(); ++i) {
    totals.losses[i].add(out.losses[i]);
    if (problem) is_finite = is_finite && std::isfinite(out.losses[i].mean.item<double>());
  }
  // Of an output that is not a number the loss tells in training, where it is none either.
  if (problem && !(is_training_ && !is_finite)) return fail(problem->diagnostic);
  return out;
}

Result<void> Split::add(const std::vector<double>& means, const std::vector<double>& weights,
                        const std::vector<at::Tensor>& outputs, const data::Batch& batch,
                        Totals& totals) const {
  for (std::size_t i = 0; i < losses_.size(); ++i) totals.losses[i].add(means[i], weights[i]);
  const std::optional<Problem> problem = add_metrics(outputs, batch.fields, batch, totals);
  if (problem) return fail(problem->diagnostic);
  return {};
}

std::vector<std::size_t> Split::metrics_read() const {
  std::set<std::size_t> out;
  for (std::size_t i = losses_.size(); i < sources_.size(); ++i) {
    for (const Source& source : sources_[i]) {
      if (source.kind == Source::Kind::Output) out.insert(source.index);
    }
  }
  return {out.begin(), out.end()};
}

namespace {

// The mean over the targets of all calls, or the sum; a call without any says nothing.
at::Tensor mean_over_targets(const std::vector<Measured>& calls, std::size_t loss) {
  if (calls.size() == 1) return calls.front().losses[loss].mean;  // whose weight nobody waits for
  double weight = 0;
  for (const Measured& call : calls) weight += call.losses[loss].weight;
  if (weight == 0) return calls.front().losses[loss].mean;
  at::Tensor sum;
  for (const Measured& call : calls) {
    const nn::LossValue& value = call.losses[loss];
    if (value.weight == 0) continue;
    const at::Tensor part = value.is_sum ? value.mean : value.mean.mul(value.weight / weight);
    sum = sum.defined() ? sum.add(part) : part;
  }
  return sum;
}

}  // namespace

at::Tensor Split::loss_of(const std::vector<Measured>& calls) const {
  at::Tensor sum;
  for (std::size_t i = 0; i < losses_.size(); ++i) {
    const double weight = job_->training.losses[i].weight;
    const at::Tensor mean = mean_over_targets(calls, i);
    const at::Tensor weighted = weight == 1 ? mean : mean.mul(weight);
    sum = sum.defined() ? sum.add(weighted) : weighted;
  }
  for (const Measured& call : calls) {
    for (std::size_t i = 0; i < partial_weights_.size(); ++i) {
      const double weight = partial_weights_[i] / static_cast<double>(calls.size());
      // Else nothing came to the node that makes it.
      if (call.partials[i].defined()) sum = sum.add(call.partials[i].mul(weight));
    }
  }
  return sum;
}

bool Split::is_by_samples(std::size_t loss) const {
  const auto& fields = dataset_->fields;
  const bool is_ragged = std::any_of(fields.begin(), fields.end(),
                                     [](const job::Field& field) { return field.is_ragged(); });
  const config::RecordSpec& keys = job_->training.losses[loss].what.spec->record;
  const bool leaves_out = keys.find("ignore_index") != nullptr || keys.find("weight") != nullptr ||
                          sources_[loss].size() > 2;
  return !is_ragged && !leaves_out;
}

data::LoaderSpec eval_loader_spec(const Split& split, const job::Job& job) {
  data::LoaderSpec out;
  out.batch_size = job.training.batch_size;
  out.for_gpu = !split.device().is_cpu();
  out.workers = job.loader.workers;
  out.prefetch = job.loader.prefetch;
  out.limit = split.limit();
  return out;
}

std::int64_t num_measured(const Split& split, const job::Job& job) {
  return data::samples_per_epoch(split.num_samples(), eval_loader_spec(split, job));
}

Result<Totals> evaluate(const exec::Executor& executor, const graph::Graph& graph,
                        const Split& split, const job::Job& job) {
  const at::NoGradGuard no_grad;
  data::Loader loader = split.loader(eval_loader_spec(split, job));
  Totals totals = split.empty_totals();
  nn::StepContext context;
  context.seed = static_cast<std::uint64_t>(job.training.seed);
  Carried carried(graph, context.seed, split.device());
  for (;;) {
    const Result<const data::Batch*> next = loader.next();
    if (!next) return fail(next.error());
    if (*next == nullptr) return totals;
    const data::Batch& batch = **next;
    FDL_TRY(carried.begin(batch.num_samples, batch.position.batch == 0));
    for (std::int64_t t = 0; t < std::max<std::int64_t>(split.num_positions(), 1); ++t) {
      const auto fields = split.fields_at(batch, t);
      if (!fields) return fail(fields.error());
      auto called = executor.call(split.inputs(*fields), carried.values(), context);
      if (!called) return fail(called.error());
      carried.take(std::move(called->states));
      const Result<Measured> measured = split.measure(called->values, *fields, batch, totals);
      if (!measured) return fail(measured.error());
    }
    carried.detach();  // the next batch takes the place of this one
  }
}

}  // namespace fdl::train
