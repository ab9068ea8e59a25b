#pragma once

#include "lib/train/predict_input.h"

// Inside this folder only: what the readers of inputs have in common.
namespace fdl::train {

// The file, and what it must hold.
struct Wanted {
  const std::filesystem::path& path;
  const job::Job& job;
  const graph::Graph& graph;
  std::vector<job::Field>
      fields;  // of the training data, for each input of the model, without masks

  // FDL5231: "'FILE' <why>".
  Failure bad(const std::string& why, const std::string& help = "") const;
  // Holds one field of the file to what the model was trained on. Errors: FDL5231.
  Result<void> check_fits(const job::Field& trained, const catalog::TensorType& given) const;
};

job::DataSplit split_named_input(catalog::Choice source);
// All samples of a source, in its order.
Result<PredictInput> open_dataset(job::DataSplit split, const job::SourceInfo& info,
                                  Result<std::shared_ptr<const data::Source>> source);

Result<PredictInput> open_npy_file(const Wanted& wanted);
Result<PredictInput> open_tensors(const Wanted& wanted);
Result<PredictInput> open_idx_file(const Wanted& wanted);
// Of a model that was trained on `text`: lines, or objects with a text each.
Result<PredictInput> open_text_input(const Wanted& wanted, bool has_objects);

}  // namespace fdl::train
