#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "lib/weights/weight_files.h"

// New safetensors files from others. Memory: a few pieces, whatever the size of the model.
namespace fdl::weights {

struct Copied {
  const StoredTensor* tensor = nullptr;
  std::string name;  // in the new file
};

// Writes those tensors atomically. Errors: FDL5001, FDL5002, FDL5201.
Result<void> copy_tensors(const WeightFiles& files, std::span<const Copied> tensors,
                          const std::map<std::string, std::string>& metadata,
                          const std::filesystem::path& path);

// Writes the mean of several models with the same names and types; what is no floating-point
// number is taken from the last one. Errors: FDL5212 when they differ, and those above.
Result<void> average(std::span<const WeightFiles> models,
                     const std::map<std::string, std::string>& metadata,
                     const std::filesystem::path& path);

}  // namespace fdl::weights
