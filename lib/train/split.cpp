#include "lib/train/split.h"

#include <cmath>
#include <utility>

#include "lib/base/check.h"

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

void Split::add_measures(const Totals& totals, monitor::Measures& out, Which which) const {
  const job::Training& training = job_->training;
  double loss = 0;
  for (std::size_t i = 0; i < totals.losses.size(); ++i)
    loss += training.losses[i].weight * totals.losses[i].mean();
  out.numbers[name_ + "/loss"] = loss;
  for (std::size_t i = 0; i < totals.metrics.size(); ++i) {
    const job::Metric& metric = training.metrics[i];
    if (metric.what.spec->is_costly && which == Which::Cheap) continue;
    const std::vector<double> values = metrics_[i].values(totals.metrics[i]);
    for (std::size_t k = 0; k < values.size(); ++k)
      out.numbers[name_ + "/" + metric.recorded[k]] = values[k];
    if (metrics_[i].table)
      out.tables[name_ + "/" + metric.name] = {metric.table_labels,
                                               metrics_[i].table(totals.metrics[i])};
  }
  job::add_expressions(training.expressions, name_, out.numbers);
}

Result<Split> Split::load(const job::DataSplit& split, const job::Job& job,
                          const graph::Graph& graph, bool is_training) {
  Result<data::Dataset> dataset = data::load_split(split, graph, job.folder);
  if (!dataset) return fail(dataset.error());
  Split out(split.name, job);
  out.is_training_ = is_training;
  out.dataset_ = std::make_unique<const data::Dataset>(std::move(*dataset));
  out.transforms_ = data::field_transforms(job, *out.dataset_, is_training);
  out.bind(graph);
  return out;
}

std::size_t Split::field_index(const std::string& field) const {
  std::size_t out = 0;
  while (out < dataset_->fields.size() && dataset_->fields[out].name != field) ++out;
  FDL_CHECK(out < dataset_->fields.size());  // the check of the job has found it
  return out;
}

catalog::TensorType Split::batch_type(std::size_t field) const {
  catalog::TensorType out = dataset_->fields[field].type;
  if (transforms_[field].output_dtype() != dataset_->fields[field].values.scalar_type())
    out.dtype = catalog::DType::F32;  // the only one that transforms make
  out.shape.insert(out.shape.begin(), catalog::Dim::named("B"));
  return out;
}

catalog::TensorTypes Split::bind_sources(const std::vector<job::Compared>& compared,
                                         const graph::Graph& graph, std::size_t& num_values) {
  catalog::TensorTypes types;
  std::vector<Source>& sources = sources_.emplace_back();
  for (const job::Compared& one : compared) {
    if (one.is_value()) {
      sources.push_back({Source::Kind::Output, num_values++});
      types.push_back(graph.values[static_cast<std::size_t>(one.value)].type);
    } else if (one.is_field()) {
      sources.push_back({Source::Kind::Field, field_index(one.field)});
      types.push_back(batch_type(sources.back().index));
    } else {
      sources.push_back({});
      types.push_back(catalog::TensorType::absent());
    }
  }
  return types;
}

void Split::bind(const graph::Graph& graph) {
  for (const graph::NamedValue& input : graph.inputs) inputs_.push_back(field_index(input.name));
  std::size_t num_values = 0;
  for (const job::Loss& loss : job_->training.losses)
    losses_.push_back(nn::bind_loss(loss.what, bind_sources(loss.compared, graph, num_values)));
  for (const job::Metric& metric : job_->training.metrics) {
    const catalog::TensorTypes types = bind_sources(metric.compared, graph, num_values);
    metrics_.push_back(nn::bind_metric(metric.what, types));
  }
  first_partial_ = num_values;
  for (const graph::PartialLoss& partial : graph.partial_losses)
    partial_weights_.push_back(partial.weight);
}

std::vector<at::Tensor> Split::gather(std::size_t item, const std::vector<at::Tensor>& outputs,
                                      const data::Batch& batch) const {
  std::vector<at::Tensor> out;
  for (const Source& source : sources_[item]) {
    if (source.kind == Source::Kind::Absent)
      out.emplace_back();
    else
      out.push_back(source.kind == Source::Kind::Output ? outputs[source.index]
                                                        : batch.fields[source.index]);
  }
  return out;
}

data::Loader Split::loader(const data::LoaderSpec& spec, data::Position start) const {
  return data::Loader(*dataset_, transforms_, spec, start);
}

std::vector<at::Tensor> Split::inputs(const data::Batch& batch) const {
  std::vector<at::Tensor> out;
  for (const std::size_t field : inputs_) out.push_back(batch.fields[field]);
  return out;
}

std::optional<Split::Problem> Split::add_metrics(const std::vector<at::Tensor>& outputs,
                                                 const data::Batch& batch, Totals& totals) const {
  std::optional<Problem> out;
  for (std::size_t i = 0; i < metrics_.size(); ++i) {
    std::vector<at::Tensor> compared = gather(losses_.size() + i, outputs, batch);
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

Result<at::Tensor> Split::measure(const std::vector<at::Tensor>& outputs, const data::Batch& batch,
                                  Totals& totals) const {
  // Before the losses: libtorch's word on a target that is no class names neither it nor its place.
  const std::optional<Problem> problem = add_metrics(outputs, batch, totals);
  if (problem && !problem->is_about_output) return fail(problem->diagnostic);
  at::Tensor sum;
  for (std::size_t i = 0; i < losses_.size(); ++i) {
    const nn::LossValue value = losses_[i](gather(i, outputs, batch));
    totals.losses[i].add(value);
    const double weight = job_->training.losses[i].weight;
    const at::Tensor weighted = weight == 1 ? value.mean : value.mean.mul(weight);
    sum = sum.defined() ? sum.add(weighted) : weighted;
  }
  for (std::size_t i = 0; i < partial_weights_.size(); ++i)
    sum = sum.add(outputs[first_partial_ + i].mul(partial_weights_[i]));
  const bool loss_tells = problem && is_training_ && !std::isfinite(sum.item<double>());
  if (problem && !loss_tells) return fail(problem->diagnostic);
  return sum;
}

Result<Totals> evaluate(const exec::Executor& executor, const Split& split, const job::Job& job) {
  data::LoaderSpec spec;
  spec.batch_size = job.training.batch_size;
  spec.workers = job.loader.workers;
  spec.prefetch = job.loader.prefetch;
  data::Loader loader = split.loader(spec);
  Totals totals = split.empty_totals();
  while (const data::Batch* batch = loader.next()) {
    const Result<std::vector<at::Tensor>> outputs =
        executor.run(split.inputs(*batch), nn::StepContext{});
    if (!outputs) return fail(outputs.error());
    const Result<at::Tensor> loss = split.measure(*outputs, *batch, totals);
    if (!loss) return fail(loss.error());
  }
  return totals;
}

}  // namespace fdl::train
