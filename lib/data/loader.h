#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/data/dataset.h"
#include "lib/data/mixing.h"
#include "lib/data/transform.h"

namespace fdl::data {

struct LoaderSpec {
  std::int64_t batch_size = 1;
  bool drop_last = false;
  bool shuffle = false;
  std::uint64_t seed = 0;
  std::int64_t num_epochs = 1;
  std::int64_t workers = 1;   // threads; 0 makes each batch when it is asked for
  std::int64_t prefetch = 1;  // batches made ahead; of small ones more
  job::BatchLimit limit;
  bool for_gpu = false;  // in memory that a GPU copies from by itself; who trains makes none
  bool repeats_first_epoch = false;  // each epoch has the order of the first one
};

// How many batches an epoch has, and how many samples are in them.
std::int64_t batches_per_epoch(std::int64_t num_samples, const LoaderSpec& spec);
std::int64_t samples_per_epoch(std::int64_t num_samples, const LoaderSpec& spec);

// Where a loader stands: the next batch to give.
struct Position {
  std::int64_t epoch = 0;
  std::int64_t batch = 0;  // within the epoch
};

struct Batch {
  Position position;
  std::int64_t first_row = 0;  // place of its first sample within the epoch
  std::int64_t num_samples = 0;
  std::vector<std::int64_t> rows;  // the samples' places in the source
  // [num_samples, ...], in the order of Dataset::fields; then what a mixer adds.
  std::vector<at::Tensor> fields;
};

// Gathers and transforms batches in tensors that it uses again and again: in threads of its own, or
// as next() asks, with all that compute, where batches are quick and these take all processors.
// Ragged fields are padded to the longest of the batch.
// What it gives depends on the spec and the position alone, not on threads or prefetching.
class Loader {
 public:
  // `dataset` must outlive the loader; one transform for each field of its source. `mixer` may be
  // null.
  Loader(const Dataset& dataset, std::vector<FieldTransform> transforms, const LoaderSpec& spec,
         Position start = {}, std::shared_ptr<const BatchMixer> mixer = nullptr);
  ~Loader();

  // The next batch, or null after the last epoch. Its tensors are overwritten after the next call.
  // Errors: those of Source::read.
  Result<const Batch*> next();

  // The batch that next() gives next, where it is made by now; else null. Its tensors are
  // overwritten after the call of next() that follows that one.
  const Batch* ahead();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The transforms of every field of a dataset's source.
std::vector<FieldTransform> field_transforms(const job::Job& job, const Dataset& dataset,
                                             bool is_training);

}  // namespace fdl::data
