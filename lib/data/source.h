#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/base/result.h"
#include "lib/job/job.h"

namespace fdl::data {

// How a source holds one field of a sample: contiguous, in the order of its axes.
struct Layout {
  job::Field field;
  at::ScalarType dtype = at::kFloat;
  std::vector<std::int64_t> sizes;  // of one sample; the first one of a ragged field: the longest

  std::int64_t num_elements() const;                     // of the longest sample
  std::int64_t num_elements(std::int64_t length) const;  // of a ragged field
};

// One field of one sample. Its elements stay where they are until the next read with the same
// scratch.
struct SampleView {
  const std::byte* bytes = nullptr;
  std::int64_t length = 0;  // of the first axis, where it is ragged
};

// Memory for what a source has to make up, one buffer a field.
using Scratch = std::vector<std::vector<std::byte>>;

// Asks for the first of these bytes; where reading goes on from there, the processor sees itself.
inline constexpr std::size_t kMostAhead = 256;
void prefetch(const std::byte* from, std::size_t num_bytes);

// The samples that a data source has, in its own order.
class Source {
 public:
  explicit Source(std::vector<Layout> layout) : layout_(std::move(layout)) {}
  virtual ~Source() = default;

  // One for each field, masks left out: the loader makes them.
  const std::vector<Layout>& layout() const { return layout_; }
  virtual std::int64_t num_samples() const = 0;

  // Finds sample `row`: one view for each field. Safe from any thread with a scratch of its own.
  // Errors: FDL5102 when the files have changed, or hold what does not fit.
  virtual Result<void> read(std::int64_t row, Scratch& scratch,
                            std::span<SampleView> out) const = 0;
  // Says that sample `row` is about to be read: where it lies in memory, it is asked for ahead,
  // since samples in random order are in no near cache.
  virtual void expect(std::int64_t row) const;
  // Whether reading a sample takes work beyond copying it: decoding, parsing.
  virtual bool is_costly() const { return false; }
  // One field of sample `row`, where a source has it without the others.
  virtual Result<SampleView> read_field(std::int64_t row, std::size_t field,
                                        Scratch& scratch) const;

 private:
  std::vector<Layout> layout_;
};

// One field of all samples, in memory as the source has it: bytes stay bytes.
struct FieldValues {
  job::Field field;
  at::Tensor values;  // [num_samples, ...], contiguous
  // Of a ragged field, by sample: how much of its first axis counts.
  std::vector<std::int64_t> lengths;
};

// Samples that are whole in memory; there is at least one field.
class MemorySource : public Source {
 public:
  explicit MemorySource(std::vector<FieldValues> values);

  std::int64_t num_samples() const override { return values_.front().values.size(0); }
  Result<void> read(std::int64_t row, Scratch& scratch, std::span<SampleView> out) const override;
  void expect(std::int64_t row) const override;

 private:
  // Where sample 0 of a field lies, and how far it is to the next.
  struct Place {
    const std::byte* first = nullptr;
    std::size_t num_bytes = 0;

    const std::byte* of(std::int64_t row) const {
      return first + static_cast<std::size_t>(row) * num_bytes;
    }
  };

  std::vector<FieldValues> values_;
  std::vector<Place> places_;
};

}  // namespace fdl::data
