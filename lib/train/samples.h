#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "lib/base/result.h"
#include "lib/data/dataset.h"
#include "lib/exec/executor.h"
#include "lib/job/job.h"
#include "lib/train/predict_output.h"

// What the model says about a few samples while it trains, kept in samples/ of the run: of pictures
// step-N.png, targets above what the model makes of them; of text step-N.txt, samples and how the
// model goes on from them; of all else step-N.jsonl, as `fdl predict` writes it with targets.
namespace fdl::train {

class SampleKeeper {
 public:
  // `graph`, `job` and `store` must outlive it. The first samples of the validation data are kept,
  // or of the training data where there is none. Errors: those of data::load_split.
  static Result<SampleKeeper> open(const graph::Graph& graph, const job::Job& job,
                                   const tensor::TensorStore& store);

  // Writes what the model says now, after `step` updates. Errors: FDL5404, FDL5002.
  Result<void> keep(const std::filesystem::path& run, std::int64_t step) const;

 private:
  SampleKeeper(const graph::Graph& graph, const job::Job& job, const tensor::TensorStore& store,
               data::Dataset dataset);

  struct Taken {
    std::vector<at::Tensor> fields;  // of the samples, after the transforms for evaluation
    std::vector<at::Tensor> outputs;
  };
  Result<Taken> take() const;
  Result<std::vector<at::Tensor>> call(const std::vector<at::Tensor>& fields) const;
  std::size_t field_index(const std::string& name) const;
  // The field that the first output is compared with; empty when it is none.
  std::optional<std::size_t> target() const;

  bool is_text() const;
  bool are_pictures(const Taken& taken) const;
  Result<void> keep_text(const std::filesystem::path& file, Taken taken, std::int64_t step) const;
  Result<void> keep_pictures(const std::filesystem::path& file, const Taken& taken) const;
  Result<void> keep_predictions(const std::filesystem::path& file, const Taken& taken) const;

  const graph::Graph* graph_;
  const job::Job* job_;
  data::Dataset dataset_;
  exec::Executor executor_;
  std::vector<OutputMeaning> meanings_;
};

}  // namespace fdl::train
