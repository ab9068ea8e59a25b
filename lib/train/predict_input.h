#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lib/data/dataset.h"

namespace fdl::train {

// Samples to predict on, as a part of the data that has the model's inputs alone.
struct PredictInput {
  job::DataSplit split;  // what the dataset was opened from
  data::Dataset dataset;
  std::vector<std::string> names;  // of pictures: their files
};

// Opens a table (csv, tsv, jsonl, parquet), arrays (npy, safetensors, idx), a picture or a folder
// of pictures, or a text (txt, its lines; jsonl with the key `text`) where the training data is
// one. `trained` are the fields of the training data: the samples must look like those, and words
// get the numbers that they had there. Errors: FDL5231 for what is no such file, or does not fit;
// FDL5101, FDL5102, FDL5001.
Result<PredictInput> open_input(const std::filesystem::path& path, const job::Job& job,
                                const graph::Graph& graph, const job::SourceInfo& trained);

}  // namespace fdl::train
