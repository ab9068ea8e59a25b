#include "lib/train/predict.h"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

#include <ATen/core/grad_mode.h>

#include "lib/data/loader.h"
#include "lib/exec/executor.h"
#include "lib/train/evaluate.h"
#include "lib/train/predict_input.h"
#include "lib/train/prediction_writer.h"
#include "lib/train/whole_call.h"

namespace fdl::train {
namespace {

namespace fs = std::filesystem;

class StandardOutput : public FileWriter {
 public:
  Result<void> write(const void* bytes, std::size_t num_bytes) override {
    const auto* next = static_cast<const char*>(bytes);
    while (num_bytes > 0) {
      const ssize_t written = ::write(STDOUT_FILENO, next, num_bytes);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return fail(cannot_write("standard output", errno));
      next += written;
      num_bytes -= static_cast<std::size_t>(written);
    }
    return {};
  }
};

struct NamedFormat {
  std::string_view name, extension;
  PredictionFormat format;
};
constexpr NamedFormat kFormats[] = {{"csv", ".csv", PredictionFormat::Csv},
                                    {"jsonl", ".jsonl", PredictionFormat::JsonLines},
                                    {"npy", ".npy", PredictionFormat::Npy},
                                    {"safetensors", ".safetensors", PredictionFormat::Safetensors}};

Result<PredictionFormat> format_of(const PredictSetup& setup) {
  const std::string extension = setup.output.extension().string();
  if (setup.format.empty() && setup.output.empty()) return PredictionFormat::Csv;
  for (const NamedFormat& known : kFormats) {
    const bool is_meant =
        setup.format.empty() ? extension == known.extension : setup.format == known.name;
    const bool needs_file = known.format == PredictionFormat::Safetensors;
    if (!is_meant) continue;
    if (!needs_file || !setup.output.empty()) return known.format;
    return fail(error(Code::BadInput, {}, "safetensors cannot be written to standard output")
                    .help("name a file: --output predictions.safetensors"));
  }
  return fail(error(Code::BadInput, {}, "'{}' is no format of predictions",
                    setup.format.empty() ? setup.output.string() : setup.format)
                  .help("the formats are csv, jsonl, npy and safetensors"));
}

// The samples of an input through the model.
class Predictor {
 public:
  Predictor(const graph::Graph& graph, const job::Job& job, const exec::Executor& executor,
            const PredictInput& input)
      : graph_(graph), job_(job), executor_(executor), input_(input) {}

  Result<void> run(const std::vector<OutputMeaning>& meanings, PredictionWriter& writer) const {
    const at::NoGradGuard no_grad;
    data::LoaderSpec spec;
    spec.batch_size = job_.training.batch_size;
    spec.workers = job_.loader.workers;
    spec.prefetch = job_.loader.prefetch;
    spec.seed = static_cast<std::uint64_t>(job_.training.seed);
    data::Loader loader(input_.dataset, data::field_transforms(job_, input_.dataset, false), spec);
    for (;;) {
      const Result<const data::Batch*> batch = loader.next();
      if (!batch) return fail(batch.error());
      if (*batch == nullptr) return writer.finish();
      auto outputs = call(**batch);
      if (!outputs) return fail(outputs.error());
      PredictedBatch predicted{(*batch)->num_samples, {}, {}};
      for (std::size_t i = 0; i < meanings.size(); ++i) {
        predicted.outputs.push_back(interpret(meanings[i], (*outputs)[i].cpu()));
        predicted.outputs.back().lengths = lengths_of(i, meanings[i], **batch);
      }
      for (std::int64_t k = 0; k < predicted.num_samples && !input_.names.empty(); ++k)
        predicted.names.push_back(input_.names[static_cast<std::size_t>((*batch)->first_row + k)]);
      FDL_TRY(writer.write(predicted));
    }
  }

 private:
  const at::Tensor& field(const data::Batch& batch, const std::string& name) const {
    std::size_t i = 0;
    while (input_.dataset.fields[i].name != name) ++i;  // open_input has seen to it
    return batch.fields[i];
  }

  // Whether axis 1 of what an output is taken for, batched, goes along `axis`.
  bool goes_along(const catalog::Dim& axis, std::size_t output,
                  const OutputMeaning& meaning) const {
    if (!graph_.states.empty()) return true;  // a call for each position
    const graph::ValueId value = graph_.outputs[output].value;
    catalog::Shape shape = graph_.values[static_cast<std::size_t>(value)].type.shape;
    if (meaning.is_classes()) shape.erase(shape.begin() + meaning.class_dim);
    return shape.size() > 1 && shape[1] == axis;
  }

  // How many positions of each sample of a batch are real; none where all are alike.
  std::vector<std::int64_t> lengths_of(std::size_t output, const OutputMeaning& meaning,
                                       const data::Batch& batch) const {
    const auto& fields = input_.dataset.fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].mask_of.empty() || !goes_along(fields[i].type.shape.front(), output, meaning))
        continue;
      const at::Tensor counts = batch.fields[i].sum(1).contiguous();
      const auto* from = counts.const_data_ptr<std::int64_t>();
      return {from, from + counts.numel()};
    }
    return {};
  }

  Result<std::vector<at::Tensor>> call(const data::Batch& batch) const {
    std::vector<at::Tensor> inputs;
    for (const graph::NamedValue& input : graph_.inputs) inputs.push_back(field(batch, input.name));
    return whole_call(executor_, graph_, static_cast<std::uint64_t>(job_.training.seed), inputs);
  }

  const graph::Graph& graph_;
  const job::Job& job_;
  const exec::Executor& executor_;
  const PredictInput& input_;
};

// Every input of the model must come from the file.
Result<void> check_whole(const graph::Graph& graph, const PredictInput& input,
                         const fs::path& path) {
  for (const graph::NamedValue& wanted : graph.inputs) {
    const auto& fields = input.dataset.fields;
    const bool is_there = std::any_of(fields.begin(), fields.end(), [&](const job::Field& one) {
      return one.name == wanted.name;
    });
    if (is_there) continue;
    return fail(error(Code::BadInput, {}, "'{}' cannot give '{}', which the model takes",
                      path.string(), wanted.name)
                    .help("lists of different lengths, as in .jsonl, have masks"));
  }
  return {};
}

}  // namespace

Result<Predicted> predict(const graph::Graph& graph, const job::Job& job,
                          const PredictSetup& setup) {
  const Result<PredictionFormat> format = format_of(setup);
  if (!format) return fail(format.error());
  const Result<job::SourceInfo> trained = job::inspect_source(*job.find_split("train"), job, graph);
  if (!trained) return fail(trained.error());
  const Result<PredictInput> input = open_input(setup.input, job, graph, *trained);
  if (!input) return fail(input.error());
  FDL_TRY(check_whole(graph, *input, setup.input));
  tensor::TensorStore store(graph, static_cast<std::uint64_t>(job.training.seed), setup.device);
  const Result<BestWeights> weights = load_best(setup.run, store);
  if (!weights) return fail(weights.error());
  std::vector<graph::ValueId> wanted;
  for (const graph::NamedValue& output : graph.outputs) wanted.push_back(output.value);
  const exec::Executor executor(graph, store, wanted, job.training.passes);
  PredictionPlan plan{output_meanings(graph, job, trained->fields), input->dataset.num_samples(),
                      setup.output};
  const Predictor predictor(graph, job, executor, *input);
  const auto write_to = [&](FileWriter& out) {
    const auto writer = make_prediction_writer(*format, plan, out);
    return predictor.run(plan.outputs, *writer);
  };
  StandardOutput standard_output;
  const bool has_own_file = setup.output.empty() || *format == PredictionFormat::Safetensors;
  FDL_TRY(has_own_file ? write_to(standard_output) : write_atomic(setup.output, write_to));
  return Predicted{plan.num_samples, weights->step};
}

}  // namespace fdl::train
