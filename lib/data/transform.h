#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/data/source.h"
#include "lib/data/transforms/sequence.h"
#include "lib/data/transforms/stage.h"
#include "lib/job/job.h"

namespace fdl::data {

// What one sample's transforms are keyed by: they are pure functions of seed, epoch and sample, so
// neither threads nor a resume change them.
struct SampleKey {
  std::uint64_t seed = 0;
  std::int64_t epoch = 0;
  std::int64_t row = 0;  // of the source
};

// The transforms of one field. Runs of elementwise ones are one pass over the elements, with the
// rounding of doing them one after the other in f32.
class FieldTransform {
 public:
  // `is_training` chooses among the lists of the job.
  FieldTransform(const job::Job& job, const Layout& layout, bool is_training);

  at::ScalarType output_dtype() const { return output_dtype_; }
  const std::vector<std::int64_t>& output_sizes() const { return output_sizes_; }
  // Elements of a transformed sample that had so many.
  std::int64_t output_elements(std::int64_t num_elements) const;
  // The length of a transformed sample, of a ragged field, that was so long.
  std::int64_t output_length(std::int64_t length) const;

  // Writes one transformed sample; `buffers` is memory for what is in between. Two fields of one
  // sample draw alike, so that a picture and the classes of its pixels turn together. Safe from any
  // thread with buffers of its own.
  using Buffers = std::array<std::vector<std::byte>, 2>;
  void apply(const std::byte* sample, std::byte* out, std::int64_t num_elements,
             const SampleKey& key, Buffers& buffers) const;

  // Cut in two, one after the other: what makes the same of a sample each time up to the last of
  // the costly ones, and the rest, to which everything that draws belongs.
  FieldTransform front() const;
  FieldTransform behind() const;
  bool is_empty() const { return steps_.empty(); }
  // What it does, step by step, with its parameters.
  std::string text() const;

 private:
  // (x - shift) / divisor.
  struct Operation {
    float shift = 0;
    float divisor = 1;
  };
  struct Elementwise {
    at::ScalarType from = at::kFloat;
    std::vector<Operation> operations;  // none only copies
    std::array<float, 256> of_byte{};   // what each byte becomes
    float apply_one(float x) const;
    void apply(const std::byte* in, std::byte* out, std::int64_t num_elements) const;
  };
  // One of the three.
  struct Step {
    Elementwise elementwise;
    std::shared_ptr<const Stage> stage;
    std::shared_ptr<const SequenceStage> sequence;
    tensor::StreamKey name;           // of its draws
    std::int64_t entry_elements = 1;  // of one entry of its first axis
    bool draws = false;
    std::string text = {};  // its transforms, with their parameters
    // What is there after it.
    at::ScalarType dtype = at::kFloat;
    std::vector<std::int64_t> sizes = {};

    bool is_elementwise() const { return stage == nullptr && sequence == nullptr; }
  };
  std::size_t num_front() const;
  FieldTransform(at::ScalarType dtype, std::vector<std::int64_t> sizes, bool is_ragged);
  void add(const catalog::Choice& choice);
  void add_step(const catalog::Choice& choice);
  Elementwise& last_elementwise();
  std::int64_t entry_elements() const;
  static std::int64_t elements_after(const Step& step, std::int64_t num_elements);
  static std::size_t bytes_after(const Step& step, std::size_t element_bytes);
  static tensor::StreamKey key_of(const tensor::StreamKey& name, const SampleKey& key);

  std::vector<Step> steps_;
  at::ScalarType input_dtype_;
  std::vector<std::int64_t> input_sizes_;
  at::ScalarType output_dtype_;
  std::vector<std::int64_t> output_sizes_;
  bool is_ragged_;
};

}  // namespace fdl::data
