#include "lib/train/split.h"

#include <utility>

#include <ATen/core/grad_mode.h>

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

Totals make_totals(const job::Training& training) {
  Totals out;
  out.losses.resize(training.losses.size());
  out.metrics.resize(training.metrics.size());
  return out;
}

void add_means(const Totals& totals, const job::Training& training, const std::string& split,
               std::map<std::string, double>& out) {
  double loss = 0;
  for (std::size_t i = 0; i < totals.losses.size(); ++i)
    loss += training.losses[i].weight * totals.losses[i].mean();
  out[split + "/loss"] = loss;
  for (std::size_t i = 0; i < totals.metrics.size(); ++i)
    out[split + "/" + training.metrics[i].name] = totals.metrics[i].mean();
}

Result<Split> Split::load(const job::DataSplit& split, const job::Job& job,
                          const graph::Graph& graph, bool is_training) {
  Result<data::Dataset> dataset = data::load_split(split, graph, job.folder);
  if (!dataset) return fail(dataset.error());
  Split out(split.name, job);
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
    } else if (one.is_tensor()) {
      sources.push_back({Source::Kind::Tensor, static_cast<std::size_t>(one.tensor)});
      const graph::OwnedTensor& tensor = graph.tensors[sources.back().index];
      types.push_back({tensor.dtype, {tensor.shape.begin(), tensor.shape.end()}});
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
    metrics_.push_back(nn::bind_metric(metric.what, types[0], types[1]));
  }
  first_partial_ = num_values;
  for (const graph::PartialLoss& partial : graph.partial_losses)
    partial_weights_.push_back(partial.weight);
}

std::vector<at::Tensor> Split::gather(std::size_t item, const std::vector<at::Tensor>& outputs,
                                      const data::Batch& batch) const {
  std::vector<at::Tensor> out;
  for (const Source& source : sources_[item]) {
    switch (source.kind) {
      case Source::Kind::Output:
        out.push_back(outputs[source.index]);
        break;
      case Source::Kind::Field:
        out.push_back(batch.fields[source.index]);
        break;
      case Source::Kind::Tensor:
        FDL_CHECK(tensors_ != nullptr);
        out.push_back((*tensors_)[source.index].value);
        break;
      case Source::Kind::Absent:
        out.emplace_back();
        break;
    }
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

at::Tensor Split::measure(const std::vector<at::Tensor>& outputs, const data::Batch& batch,
                          Totals& totals) const {
  at::Tensor sum;
  for (std::size_t i = 0; i < losses_.size(); ++i) {
    const nn::LossValue value = losses_[i](gather(i, outputs, batch));
    totals.losses[i].add(value);
    const double weight = job_->training.losses[i].weight;
    const at::Tensor weighted = weight == 1 ? value.mean : value.mean.mul(weight);
    sum = sum.defined() ? sum.add(weighted) : weighted;
  }
  for (std::size_t i = 0; i < metrics_.size(); ++i) {
    const std::vector<at::Tensor> compared = gather(losses_.size() + i, outputs, batch);
    totals.metrics[i].add(metrics_[i](compared[0].detach(), compared[1]));
  }
  for (std::size_t i = 0; i < partial_weights_.size(); ++i)
    sum = sum.add(outputs[first_partial_ + i].mul(partial_weights_[i]));
  return sum;
}

Result<Totals> evaluate(const exec::Executor& executor, const Split& split, const job::Job& job) {
  const at::NoGradGuard no_grad;
  data::LoaderSpec spec;
  spec.batch_size = job.training.batch_size;
  spec.workers = job.loader.workers;
  spec.prefetch = job.loader.prefetch;
  data::Loader loader = split.loader(spec);
  Totals totals = make_totals(job.training);
  while (const data::Batch* batch = loader.next()) {
    const Result<std::vector<at::Tensor>> outputs =
        executor.run(split.inputs(*batch), nn::StepContext{});
    if (!outputs) return fail(outputs.error());
    split.measure(*outputs, *batch, totals);
  }
  return totals;
}

}  // namespace fdl::train
