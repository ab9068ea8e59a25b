#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "lib/base/result.h"
#include "lib/job/rules.h"
#include "lib/tensor/tensor_file.h"

namespace fdl::train {

// Exponential moving averages of all that a model owns: its parameters and the floating-point
// buffers. Others, such as counters, are the model's own.
// Source: Polyak and Juditsky 1992; the warm-up is that of TensorFlow's ExponentialMovingAverage.
class Averages {
 public:
  // Start as copies. `model` are the live tensors, which must outlive it.
  Averages(const job::Ema& rule, const std::vector<tensor::NamedTensor>& model);

  // After update `step`, counted from 1.
  void follow(std::int64_t step);

  // Exchanges the model's values with the averages, and back.
  void exchange();

  // ema.safetensors: the averages under the model's names; the live tensors.
  const std::vector<tensor::NamedTensor>& tensors() const { return own_; }
  // Errors: those of tensor::load_tensors_into.
  Result<void> load(const std::filesystem::path& path);
  // The model's values anew: after it was loaded.
  void restart();

 private:
  job::Ema rule_;
  const std::vector<tensor::NamedTensor>& model_;
  std::vector<tensor::NamedTensor> own_;
};

}  // namespace fdl::train
