#include "lib/data/transform.h"

#include <cstring>

#include <c10/core/ScalarType.h>

#include "lib/base/check.h"
#include "lib/catalog/transforms/normalize.h"

namespace fdl::data {

FieldTransform::FieldTransform(const job::Job& job, const std::string& field, at::ScalarType dtype,
                               bool is_training)
    : dtype_(dtype), output_dtype_(dtype) {
  for (const job::FieldTransforms& transforms : job.transforms) {
    if (transforms.field != field) continue;
    for (const auto* list : {&transforms.all, is_training ? &transforms.train : &transforms.eval}) {
      for (const catalog::Choice& choice : *list) {
        if (choice.name() == "normalize") {
          const auto& p = choice.as<catalog::NormalizeParams>();
          operations_.push_back({static_cast<float>(p.mean), static_cast<float>(p.std)});
          continue;
        }
        // to_f32 divides bytes; numbers that are floating already stay as they are.
        if (output_dtype_ == at::kByte) operations_.push_back({0, 255});
        output_dtype_ = at::kFloat;
      }
    }
  }
  if (dtype_ != at::kByte || output_dtype_ != at::kFloat) return;
  for (std::size_t i = 0; i < of_byte_.size(); ++i) of_byte_[i] = apply_one(static_cast<float>(i));
}

float FieldTransform::apply_one(float x) const {
  for (const Operation& operation : operations_) x = (x - operation.shift) / operation.divisor;
  return x;
}

void FieldTransform::apply(const void* sample, void* out, std::int64_t num_elements) const {
  if (operations_.empty() && dtype_ == output_dtype_) {
    std::memcpy(out, sample, static_cast<std::size_t>(num_elements) * c10::elementSize(dtype_));
    return;
  }
  FDL_CHECK(output_dtype_ == at::kFloat && (dtype_ == at::kByte || dtype_ == at::kFloat));
  auto* to = static_cast<float*>(out);
  if (dtype_ == at::kByte) {
    const auto* from = static_cast<const std::uint8_t*>(sample);
    for (std::int64_t i = 0; i < num_elements; ++i) to[i] = of_byte_[from[i]];
    return;
  }
  const auto* from = static_cast<const float*>(sample);
  for (std::int64_t i = 0; i < num_elements; ++i) to[i] = apply_one(from[i]);
}

}  // namespace fdl::data
