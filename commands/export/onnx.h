#pragma once

#include <filesystem>
#include <string>

#include "commands/context.h"
#include "lib/weights/weight_files.h"

namespace fdl::commands {

struct OnnxOptions {
  std::string model;  // a manifest; "" is that of the run that the weights belong to
  std::string output;
  bool json = false;
};

// Writes the model with those weights as an ONNX file. Gives an exit code.
int export_onnx(const weights::WeightFiles& files, const OnnxOptions& options, Context& context);

}  // namespace fdl::commands
