#pragma once

#include "lib/train/prediction_writer.h"

// Inside this folder only: one for each format.
namespace fdl::train {

std::unique_ptr<PredictionWriter> csv_writer(const PredictionPlan& plan, FileWriter& out);
std::unique_ptr<PredictionWriter> json_lines_writer(const PredictionPlan& plan, FileWriter& out);
std::unique_ptr<PredictionWriter> npy_writer(const PredictionPlan& plan, FileWriter& out);
std::unique_ptr<PredictionWriter> safetensors_writer(const PredictionPlan& plan);

}  // namespace fdl::train
