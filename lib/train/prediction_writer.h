#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/files.h"
#include "lib/train/predict_output.h"

namespace fdl::train {

// A batch of predictions: one for each output, and the names that its samples have, or none.
struct PredictedBatch {
  std::int64_t num_samples = 0;
  std::vector<Prediction> outputs;
  std::vector<std::string> names;
};

// Writes predictions batch by batch, in memory that does not grow with their number.
class PredictionWriter {
 public:
  virtual ~PredictionWriter() = default;
  // Errors: FDL5002; FDL5231 when the format cannot hold them.
  virtual Result<void> write(const PredictedBatch& batch) = 0;
  virtual Result<void> finish() { return {}; }
};

enum class PredictionFormat { Csv, JsonLines, Npy, Safetensors };

struct PredictionPlan {
  std::vector<OutputMeaning> outputs;
  std::int64_t num_samples = 0;
  std::filesystem::path path;  // of the file that is written; "" for standard output
};

// One for text and npy, which goes to `out`, or one for safetensors, which writes its file itself
// in finish().
//   csv          a line of names, then a line a sample: of classes `label`, `probability` and p_
//   and
//                the name of each class; of decisions and values one column for each number
//   jsonl        an object a sample; numbers that are not finite are null
//   npy          the probabilities or values of the only output
//   safetensors  the same of each output under its name; labels under NAME.label
std::unique_ptr<PredictionWriter> make_prediction_writer(PredictionFormat format,
                                                         const PredictionPlan& plan,
                                                         FileWriter& out);

}  // namespace fdl::train
