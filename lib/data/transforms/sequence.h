#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <c10/core/ScalarType.h>

#include "lib/catalog/catalog.h"
#include "lib/tensor/random.h"

// Transforms of sequences, one sample at a time. Each is a pure function of the sample and its key.
namespace fdl::data {

class SequenceStage {
 public:
  virtual ~SequenceStage() = default;
  // Of the first axis, after it.
  virtual std::int64_t output_length(std::int64_t length) const { return length; }
  // `from` holds `length` entries of the first axis; `from` and `to` do not overlap. `key` is the
  // sample's own.
  virtual void apply(const std::byte* from, std::byte* to, std::int64_t length,
                     tensor::StreamKey key) const = 0;
};

// The stage of a chosen transform; null for one of pictures. `entry_bytes` are those of one entry
// of the first axis.
std::unique_ptr<SequenceStage> make_sequence_stage(const catalog::Choice& choice,
                                                   std::size_t entry_bytes);

}  // namespace fdl::data
