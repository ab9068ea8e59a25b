#include "lib/train/samples.h"

#include <algorithm>
#include <cmath>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>

#include "lib/base/files.h"
#include "lib/data/loader.h"
#include "lib/data/picture_file.h"
#include "lib/tensor/random.h"
#include "lib/train/prediction_writer.h"
#include "lib/train/whole_call.h"

namespace fdl::train {
namespace {

namespace fs = std::filesystem;

std::vector<graph::ValueId> output_values(const graph::Graph& graph) {
  std::vector<graph::ValueId> out;
  for (const graph::NamedValue& output : graph.outputs) out.push_back(output.value);
  return out;
}

const job::DataSplit& split_of(const job::Job& job) {
  const auto vals = job.find_splits("val");
  return vals.empty() ? *job.find_split("train") : *vals.front();
}

class TextFile : public FileWriter {
 public:
  Result<void> write(const void* bytes, std::size_t num_bytes) override {
    text.append(static_cast<const char*>(bytes), num_bytes);
    return {};
  }
  std::string text;
};

// One of the numbers 0 ... size - 1 with these probabilities.
std::int64_t draw(const at::Tensor& probabilities, double place) {
  const auto* p = probabilities.const_data_ptr<float>();
  const std::int64_t size = probabilities.numel();
  double sum = 0;
  for (std::int64_t i = 0; i < size; ++i) {
    sum += static_cast<double>(p[i]);
    if (place < sum) return i;
  }
  return size - 1;
}

}  // namespace

SampleKeeper::SampleKeeper(const graph::Graph& graph, const job::Job& job,
                           const tensor::TensorStore& store, data::Dataset dataset)
    : graph_(&graph),
      job_(&job),
      dataset_(std::move(dataset)),
      executor_(graph, store, output_values(graph), job.training.passes),
      meanings_(output_meanings(graph, job, dataset_.fields)) {}

Result<SampleKeeper> SampleKeeper::open(const graph::Graph& graph, const job::Job& job,
                                        const tensor::TensorStore& store) {
  Result<data::Dataset> dataset = data::load_split(split_of(job), job, graph);
  if (!dataset) return fail(dataset.error());
  const auto most = static_cast<std::size_t>(job.samples.n);
  if (dataset->rows.size() > most) dataset->rows.resize(most);
  return SampleKeeper(graph, job, store, *std::move(dataset));
}

std::size_t SampleKeeper::field_index(const std::string& name) const {
  std::size_t out = 0;
  while (dataset_.fields[out].name != name) ++out;  // the check of the job has found it
  return out;
}

std::optional<std::size_t> SampleKeeper::target() const {
  for (const job::Loss& loss : job_->training.losses) {
    const bool is_first =
        loss.compared.size() > 1 && loss.compared[0].value == graph_->outputs.front().value;
    if (!is_first) continue;
    if (loss.compared[1].is_field()) return field_index(loss.compared[1].field);
    for (const graph::NamedValue& input : graph_->inputs) {
      if (input.value == loss.compared[1].value) return field_index(input.name);
    }
  }
  return std::nullopt;
}

Result<std::vector<at::Tensor>> SampleKeeper::call(const std::vector<at::Tensor>& fields) const {
  std::vector<at::Tensor> inputs;
  for (const graph::NamedValue& input : graph_->inputs)
    inputs.push_back(fields[field_index(input.name)]);
  return whole_call(executor_, *graph_, static_cast<std::uint64_t>(job_->training.seed), inputs);
}

Result<SampleKeeper::Taken> SampleKeeper::take() const {
  data::LoaderSpec spec;
  spec.batch_size = dataset_.num_samples();
  spec.workers = 0;
  spec.seed = static_cast<std::uint64_t>(job_->training.seed);
  data::Loader loader(dataset_, data::field_transforms(*job_, dataset_, false), spec);
  const Result<const data::Batch*> batch = loader.next();
  if (!batch) return fail(batch.error());
  Taken out;
  for (const at::Tensor& field : (*batch)->fields) out.fields.push_back(field.clone());
  auto outputs = call(out.fields);
  if (!outputs) return fail(outputs.error());
  out.outputs = *std::move(outputs);
  return out;
}

Result<void> SampleKeeper::keep(const fs::path& run, std::int64_t step) const {
  const at::NoGradGuard no_grad;
  Result<Taken> taken = take();
  if (!taken) return fail(taken.error());
  FDL_TRY(make_folders(run / "samples"));
  const auto file = [&](const char* extension) {
    return run / "samples" / fmt::format("step-{}{}", step, extension);
  };
  if (is_text()) return keep_text(file(".txt"), *std::move(taken), step);
  if (are_pictures(*taken)) return keep_pictures(file(".png"), *taken);
  return keep_predictions(file(".jsonl"), *taken);
}

// --- Text ------------------------------------------------------------------------------------

// Tokens with words in, a score for each of them at each position out.
bool SampleKeeper::is_text() const {
  if (!graph_->states.empty() || graph_->inputs.size() != 1 || !meanings_.front().is_classes())
    return false;
  const job::Field& field = dataset_.fields[field_index(graph_->inputs.front().name)];
  const auto& output = graph_->values[static_cast<std::size_t>(graph_->outputs.front().value)];
  return field.words && field.type.shape.size() == 1 && output.type.shape.size() == 3;
}

Result<void> SampleKeeper::keep_text(const fs::path& file, Taken taken, std::int64_t step) const {
  const std::size_t field = field_index(graph_->inputs.front().name);
  const std::vector<std::string>& words = *dataset_.fields[field].words;
  at::Tensor tokens = taken.fields[field];
  const std::int64_t num_samples = tokens.size(0), window = tokens.size(1);
  std::vector<std::string> texts(static_cast<std::size_t>(num_samples));
  const auto add = [&](std::int64_t sample, std::int64_t token) {
    const auto index = static_cast<std::size_t>(token);
    texts[static_cast<std::size_t>(sample)] += index < words.size() ? words[index] : "?";
  };
  for (std::int64_t k = 0; k < num_samples; ++k) {
    for (std::int64_t t = 0; t < window; ++t) add(k, tokens[k][t].item<std::int64_t>());
    texts[static_cast<std::size_t>(k)] += "|";  // here the model goes on
  }
  tensor::RandomStream stream(tensor::StreamKey(static_cast<std::uint64_t>(job_->training.seed),
                                                tensor::Purpose::Augmentation)
                                  .with("output.samples")
                                  .with(static_cast<std::uint64_t>(step)));
  std::vector<at::Tensor> outputs = std::move(taken.outputs);
  for (std::int64_t n = 0; n < job_->samples.length; ++n) {
    const at::Tensor last =
        interpret(meanings_.front(), outputs.front()).values.select(1, window - 1).contiguous();
    at::Tensor next = tokens.narrow(1, 0, 1).clone();
    for (std::int64_t k = 0; k < num_samples; ++k) {
      const std::int64_t token = draw(last[k].to(at::kFloat).contiguous(), stream.uniform());
      next[k][0] = token;
      add(k, token);
    }
    tokens = at::cat({tokens.narrow(1, 1, window - 1), next}, 1);
    taken.fields[field] = tokens;
    auto called = call(taken.fields);
    if (!called) return fail(called.error());
    outputs = *std::move(called);
  }
  std::string out;
  for (const std::string& text : texts) out += text + "\n\n---\n\n";
  return write_atomic(file, out);
}

// --- Pictures --------------------------------------------------------------------------------

// An output of the shape of its target, with 1 or 3 channels.
bool SampleKeeper::are_pictures(const Taken& taken) const {
  const std::optional<std::size_t> field = target();
  const at::Tensor& output = taken.outputs.front();
  return field && !meanings_.front().is_classes() && output.dim() == 4 &&
         (output.size(1) == 1 || output.size(1) == 3) &&
         taken.fields[*field].sizes() == output.sizes();
}

Result<void> SampleKeeper::keep_pictures(const fs::path& file, const Taken& taken) const {
  const at::Tensor wanted = taken.fields[*target()].to(at::kFloat);
  const at::Tensor made = interpret(meanings_.front(), taken.outputs.front()).values.to(at::kFloat);
  const float low = wanted.min().item<float>(), high = wanted.max().item<float>();
  const float scale = high > low ? 255 / (high - low) : 1;
  const std::int64_t num_samples = made.size(0), channels = made.size(1);
  const std::int64_t height = made.size(2), width = made.size(3);
  data::PictureFile picture{num_samples * width, 2 * height, channels, {}};
  picture.pixels.resize(static_cast<std::size_t>(picture.width * picture.height * channels));
  auto* next = picture.pixels.data();
  for (std::int64_t y = 0; y < picture.height; ++y) {
    const at::Tensor& row_of = y < height ? wanted : made;
    const at::Tensor row = row_of.select(2, y % height).permute({0, 2, 1}).contiguous();
    const auto* from = row.const_data_ptr<float>();
    for (std::int64_t i = 0; i < row.numel(); ++i) {
      const float value = std::isfinite(from[i]) ? (from[i] - low) * scale : 0;
      *next++ = static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0F, 255.0F)));
    }
  }
  return data::write_png(file, picture);
}

// --- All else --------------------------------------------------------------------------------

Result<void> SampleKeeper::keep_predictions(const fs::path& file, const Taken& taken) const {
  PredictionPlan plan{meanings_, dataset_.num_samples(), file};
  PredictedBatch batch{plan.num_samples, {}, {}};
  for (std::size_t i = 0; i < meanings_.size(); ++i)
    batch.outputs.push_back(interpret(meanings_[i], taken.outputs[i]));
  if (const auto field = target()) {
    OutputMeaning meaning;
    meaning.name = "target";
    meaning.words = dataset_.fields[*field].words;
    if (meaning.words) meaning.kind = OutputMeaning::Kind::Labels;
    batch.outputs.push_back(interpret(meaning, taken.fields[*field]));
    plan.outputs.push_back(std::move(meaning));
  }
  TextFile out;
  const auto writer = make_prediction_writer(PredictionFormat::JsonLines, plan, out);
  FDL_TRY(writer->write(batch));
  return write_atomic(file, out.text);
}

}  // namespace fdl::train
