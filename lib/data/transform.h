#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/job/job.h"

namespace fdl::data {

// The transforms of one field as one pass over its elements, with the rounding of doing them one
// after the other in f32.
class FieldTransform {
 public:
  // `dtype` is that of the source's values. `is_training` chooses among the lists of the job.
  FieldTransform(const job::Job& job, const std::string& field, at::ScalarType dtype,
                 bool is_training);

  at::ScalarType output_dtype() const { return output_dtype_; }

  // Writes the transformed elements of one sample: `num_elements` of them. Safe from any thread.
  void apply(const void* sample, void* out, std::int64_t num_elements) const;

 private:
  // (x - shift) / divisor.
  struct Operation {
    float shift = 0;
    float divisor = 1;
  };
  float apply_one(float x) const;

  std::vector<Operation> operations_;
  at::ScalarType dtype_, output_dtype_;
  std::array<float, 256> of_byte_{};  // what each byte becomes
};

}  // namespace fdl::data
