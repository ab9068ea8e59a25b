#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "lib/data/loader.h"
#include "lib/exec/executor.h"
#include "lib/job/job.h"
#include "lib/monitor/event.h"
#include "lib/nn/loss.h"
#include "lib/nn/metric.h"
#include "lib/tensor/tensor_file.h"
#include "lib/train/teacher.h"

namespace fdl::train {

// The values that the losses, then the metrics of a job compare, then the losses that the model
// itself brings in: what its executor is asked for.
std::vector<graph::ValueId> compared_values(const job::Training& training,
                                            const graph::Graph& graph);

// What batches add up to: of each loss and each metric of a job.
struct Totals {
  std::vector<nn::RunningMean> losses;
  std::vector<nn::MetricState> metrics;
};

// Which metrics are asked for their values: all, or those that need no pass over what they keep.
enum class Which { All, Cheap };

// What one call measures: each loss of the job, and those that the model itself brings in.
struct Measured {
  std::vector<nn::LossValue> losses;
  std::vector<at::Tensor> partials;
};

// One part of the data, with everything between it and the graph: transforms, which field feeds
// which input, losses and metrics bound to their targets.
class Split {
 public:
  // `job` and `graph` must outlive it. Errors: those of data::load_split.
  static Result<Split> load(const job::DataSplit& split, const job::Job& job,
                            const graph::Graph& graph, bool is_training);

  const std::string& name() const { return name_; }
  std::int64_t num_samples() const { return dataset_->num_samples(); }
  std::size_t num_fields() const { return dataset_->fields.size(); }
  // Of a batch's fields; those that a mixer adds have no name in the data.
  std::string field_name(std::size_t field) const {
    return field < num_fields() ? dataset_->fields[field].name : fmt::format("mixed_{}", field);
  }
  const job::BatchLimit& limit() const { return limit_; }
  data::Loader loader(const data::LoaderSpec& spec, data::Position start = {}) const;

  // How many positions the sequences of a model with states have; 0 of other models.
  std::int64_t num_positions() const { return num_positions_; }
  // Of a batch what one call sees: the fields at that position, or whole where there are none, and
  // what the teacher says to them. Errors: FDL5404.
  Result<std::vector<at::Tensor>> fields_at(const data::Batch& batch, std::int64_t position) const;

  std::vector<at::Tensor> inputs(const std::vector<at::Tensor>& fields) const;

  // Where losses and metrics find tensors of the model, in the order of Graph::tensors; before the
  // first measure().
  void use_tensors(const std::vector<tensor::NamedTensor>& tensors) { tensors_ = &tensors; }
  // Where calls see their fields; the CPU until it is told.
  void use_device(at::Device device) { device_ = device; }
  at::Device device() const { return device_; }
  // Likewise, of a job with a teacher; null where there is none. It must outlive the split.
  void use_teacher(const TeacherModel* teacher);

  Totals empty_totals() const;

  // Adds a call's losses and metrics to `totals`. `outputs` are the compared values, `fields` what
  // the call sees of `batch`. Errors: FDL5420, with a metric's part of `totals` as it was; in
  // training an output that is not a number is the loss's to tell, where that is none either.
  Result<Measured> measure(const std::vector<at::Tensor>& outputs,
                           const std::vector<at::Tensor>& fields, const data::Batch& batch,
                           Totals& totals) const;

  // The same in halves, for a step that a GPU has a recording of. Its losses:
  Measured losses_of(const std::vector<at::Tensor>& outputs,
                     const std::vector<at::Tensor>& fields) const;
  // and what is added of them, and of the outputs that metrics_read(), when it is done. Of the
  // others nothing is looked at. Errors: FDL5420.
  Result<void> add(const std::vector<double>& means, const std::vector<double>& weights,
                   const std::vector<at::Tensor>& outputs, const data::Batch& batch,
                   Totals& totals) const;
  // Places among the compared values.
  std::vector<std::size_t> metrics_read() const;

  // The weighted loss of the calls of one update: each loss is the mean over all their targets, and
  // what the model itself brings in the mean over the calls.
  at::Tensor loss_of(const std::vector<Measured>& calls) const;

  // For those who add losses up themselves: each one's weight, and whether what its mean is over
  // grows with the number of samples alone, so that its share of an update is known beforehand.
  std::size_t num_losses() const { return losses_.size(); }
  double loss_weight(std::size_t loss) const { return job_->training.losses[loss].weight; }
  bool is_by_samples(std::size_t loss) const;
  double partial_weight(std::size_t partial) const { return partial_weights_[partial]; }

  // The loss (weighted) under "<name>/loss", metrics under "<name>/<metric>", and expressions; of
  // all that is trained on, under "train".
  void add_measures(const Totals& totals, monitor::Measures& out, Which which = Which::All) const {
    add_measures(totals, is_training_ ? "train" : name_, out, which);
  }
  // The same under another name.
  void add_measures(const Totals& totals, const std::string& name, monitor::Measures& out,
                    Which which = Which::All) const;

 private:
  Split(std::string name, const job::Job& job) : name_(std::move(name)), job_(&job) {}
  void bind(const graph::Graph& graph);
  // `takes_shares`: a loss, which compares the shares of a mixed field of classes.
  catalog::TensorTypes bind_sources(const std::vector<job::Compared>& compared,
                                    const graph::Graph& graph, bool takes_shares,
                                    std::size_t& num_values);
  std::vector<at::Tensor> gather(std::size_t item, const std::vector<at::Tensor>& outputs,
                                 const std::vector<at::Tensor>& fields) const;
  struct Problem {
    Diagnostic diagnostic;
    bool is_about_output = false;
  };
  // Adds what can be added; the first problem, one with the data before others.
  std::optional<Problem> add_metrics(const std::vector<at::Tensor>& outputs,
                                     const std::vector<at::Tensor>& fields,
                                     const data::Batch& batch, Totals& totals) const;
  std::size_t field_index(const std::string& field) const;
  catalog::TensorType batch_type(std::size_t field) const;

  std::string name_;
  const job::Job* job_;
  job::BatchLimit limit_;
  std::shared_ptr<const data::BatchMixer> mixer_;  // of training, where batches are mixed
  at::Device device_ = at::kCPU;
  std::int64_t num_positions_ = 0;
  bool is_training_ = false;
  std::unique_ptr<const data::Dataset> dataset_;
  std::vector<data::FieldTransform> transforms_;
  std::vector<std::size_t> inputs_;  // indices of fields
  // For each loss, then each metric, where its tensors come from.
  struct Source {
    enum class Kind { Output, Field, Tensor, Taught, Absent } kind = Kind::Absent;
    std::size_t index = 0;  // among the compared values, fields, tensors, outputs of the teacher
  };
  std::vector<std::vector<Source>> sources_;
  const std::vector<tensor::NamedTensor>* tensors_ = nullptr;
  const TeacherModel* teacher_ = nullptr;
  std::vector<std::size_t> teacher_inputs_;  // indices of fields
  std::vector<nn::Loss> losses_;
  std::vector<nn::Metric> metrics_;
  // The losses that the model itself brings in: their place among the outputs, and weights.
  std::size_t first_partial_ = 0;
  std::vector<double> partial_weights_;
};

// How a split is loaded to be measured.
data::LoaderSpec eval_loader_spec(const Split& split, const job::Job& job);
// How many of its samples are.
std::int64_t num_measured(const Split& split, const job::Job& job);

// Measures a whole split in order, without training; states begin anew. Errors: FDL5404.
Result<Totals> evaluate(const exec::Executor& executor, const graph::Graph& graph,
                        const Split& split, const job::Job& job);

}  // namespace fdl::train
