#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/data/dataset.h"

namespace fdl::data {

// Mixes the samples of training batches as `transforms.batch` says: a pure function of the batch,
// its place and the seed.
class BatchMixer {
 public:
  // `mixing` names fields of the dataset, and choices.
  BatchMixer(const job::Mixing& mixing, const Dataset& dataset);

  struct Key {
    std::uint64_t seed = 0;
    std::int64_t epoch = 0, batch = 0;
  };
  // Mixes `fields`, which are those of the dataset, in place, and appends for each mixed field of
  // classes their shares, f32 [num_samples, classes]; the field itself then holds the class of the
  // larger share. Errors: FDL5420 for a label that is no class.
  Result<void> apply(std::vector<at::Tensor>& fields, const Key& key) const;

  // Where the shares of a field of classes stand among the fields; empty when it is not mixed.
  std::optional<std::size_t> shares_of(std::size_t field) const;

 private:
  struct Label {
    std::size_t field = 0;
    std::int64_t num_classes = 0;
  };
  Result<at::Tensor> mix_label(const Label& label, at::Tensor& values,
                               const std::vector<std::int64_t>& partner, double share) const;

  std::vector<catalog::Choice> choices_;
  std::vector<std::size_t> numbers_;
  std::vector<Label> labels_;
  std::size_t num_fields_ = 0;
};

}  // namespace fdl::data
