#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/base/result.h"

// Tensors in and out of safetensors files.
namespace fdl::tensor {

struct NamedTensor {
  std::string name;
  at::Tensor value;
};

// Copies on the CPU that nobody else writes to: what a background thread may save while training
// goes on.
std::vector<NamedTensor> snapshot(const std::vector<NamedTensor>& tensors);
// Copies where the tensors are.
std::vector<NamedTensor> copies(const std::vector<NamedTensor>& tensors);

// Writes contiguous CPU tensors atomically, in the given order. Errors: FDL5002.
Result<void> save_tensors(const std::filesystem::path& path,
                          const std::vector<NamedTensor>& tensors,
                          const std::map<std::string, std::string>& metadata = {});

// Reads a whole file. Errors: FDL5001, FDL5201.
Result<std::vector<NamedTensor>> load_tensors(const std::filesystem::path& path);

// Reads a file into `targets`, which it must match in names, shapes and dtypes; when it does not,
// nothing has been written. Errors: FDL5001, FDL5201, FDL5202 naming the first tensors that differ.
Result<void> load_tensors_into(const std::filesystem::path& path,
                               const std::vector<NamedTensor>& targets);

}  // namespace fdl::tensor
